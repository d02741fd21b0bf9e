-- An existing view may belong to another user, so it is not replaced. That of a rollup of this table is left where a
-- database was copied without its rows; it is known by the beginning of its comment: see create_views.sql.
create or replace function rollup_internal.validate_view_names(target regclass)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    suffix text;
    view_name text;
begin
    foreach suffix in array '{bi,live}'::text[] loop
        view_name := rollup_internal.view_name(target, suffix);
        perform rollup_internal.validate_name_length(parts[2]) from parse_ident(view_name) parts;
        continue when exists (select from pg_class c
                               where c.oid = to_regclass(view_name) and c.relkind = 'v' and pg_has_role(c.relowner, 'usage')
                                 and starts_with(obj_description(c.oid, 'pg_class'), format(
                                     case suffix when 'bi' then 'Plain numbers of %s, up to its watermark.'
                                                 else '%s, with the events of ' end, target)));
        if to_regclass(view_name) is not null or to_regtype(view_name) is not null then  -- a view is a type too
            raise exception using
                errcode = 'duplicate_table',
                message = format('%s is there already; the rollup needs the name for a view of its own', view_name),
                hint = 'Rename it, or choose another table with target => ….';
        end if;
    end loop;
end
$$;
comment on function rollup_internal.validate_view_names(regclass) is
    'Refuses a rollup for which the name of a view is taken or too long.';
