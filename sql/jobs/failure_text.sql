create or replace function rollup_internal.failure_text(failure jsonb)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    names constant text[] := array(select jsonb_array_elements_text(failure -> 'rollups'));
    said constant text := concat_ws('. ', failure ->> 'message', failure ->> 'detail');
    subject text;
begin
    if failure ->> 'do' = 'expire' then
        return format('%s %s: %s', failure ->> 'kind', failure ->> 'name', failure ->> 'message');
    elsif failure ->> 'do' = 'check' then
        return failure ->> 'message';
    elsif failure ->> 'sqlstate' = '55P03' then
        subject := rollup_internal.deferral_text(names);
    else
        subject := format(case cardinality(names) when 1 then 'rollup %s failed' else 'rollups %s failed' end,
                          (select string_agg(quote_ident(n), ', ' order by position)
                             from unnest(names) with ordinality x (n, position)));
    end if;
    return case when starts_with(said, subject) then said else format('%s: %s', subject, said) end;
end
$$;
comment on function rollup_internal.failure_text(jsonb) is
    'One failure of a job as a sentence that names the rollup or source.';
