-- An index on the id can use the bounds.
create or replace function rollup_internal.ids_conditions(id_column name, ids int8multirange)
    returns text[]
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return array_remove(array[
        format('%I >= %s', id_column, lower(ids)),
        format('%I < %s', id_column, upper(ids)),
        case when range_merge(ids)::int8multirange <> ids then format('%I <@ %L::int8multirange', id_column, ids) end], null);
end
$$;
comment on function rollup_internal.ids_conditions(name, int8multirange) is 'The conditions that select rows by their ids.';
