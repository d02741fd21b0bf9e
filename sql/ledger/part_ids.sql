-- Returns exactly the ids of the rows that the caller's transaction has added. If as many ids were drawn as there are
-- rows, all of them are the caller's. Otherwise other sessions drew some of them, and the table says which rows are
-- the caller's: those written by its transaction, on Citus by the transaction on each node. NULL if that cannot be
-- read, or if the ids are too scattered to be stored.
create or replace function rollup_internal.part_ids(source_table regclass, after_id bigint, through_id bigint, rows bigint)
    returns int8multirange
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    max_ranges constant int := 100000;
    id_column constant name := rollup_internal.loaded_id_column(source_table);
    found_rows bigint;
    ranges int8range[];
begin
    if through_id - after_id = rows then
        return int8multirange(int8range(after_id, through_id, '(]'));
    end if;
    if after_id is null or through_id is null or through_id - after_id < rows or rows = 0
       or not has_table_privilege(source_table, 'select') then
        return null;
    end if;
    execute rollup_internal.fill_template($query$
        with own as (
            select {id} as id
              from {table}
             where {id} > $1
               and {id} <= $2
               and xmin = pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.xid),
        islands as (
            select pg_catalog.min(id) as first, pg_catalog.max(id) as last, pg_catalog.count(*) as rows
              from (select id, id - pg_catalog.row_number() over (order by id) as island from own) x
             group by island)
        select pg_catalog.sum(rows),
               case when pg_catalog.count(*) <= $3
                    then pg_catalog.array_agg(pg_catalog.int8range(first, last, '[]')) end
          from islands
        $query$, jsonb_build_object('id', quote_ident(id_column), 'table', source_table))
        into found_rows, ranges
        using after_id, through_id, max_ranges;
    -- Rows of subtransactions, or rows that a trigger has changed, are not all found.
    return case when found_rows = rows then int8multirange(variadic ranges) end;
end
$$;
comment on function rollup_internal.part_ids(regclass, bigint, bigint, bigint) is
    'The ids of the rows that this transaction has added, or NULL if unknown.';
