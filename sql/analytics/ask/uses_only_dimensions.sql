-- The server decides which columns an expression uses: it is parsed over a row that has no others.
create or replace function rollup_analytics_internal.uses_only_dimensions(target regclass, dimensions text[], expression text)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    columns text;
begin
    select string_agg(format('null::%s as %I', format_type(a.atttypid, a.atttypmod), a.attname), ', ') into columns
      from pg_attribute a
     where a.attrelid = target and a.attname = any (dimensions) and not a.attisdropped;
    execute format('select from (select %s) "(row)" where (%s) is null', coalesce(columns, ''), expression);
    return true;
exception when undefined_column then
    return false;
end
$$;
comment on function rollup_analytics_internal.uses_only_dimensions(regclass, text[], text) is
    'Whether a condition over events can be evaluated over the rows of a rollup, because all columns in it are '
    'dimensions.';
