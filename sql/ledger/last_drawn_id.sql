-- Returns the last id that the sequence of a table has handed out on this node. NULL if the table has no id, or if the
-- caller may not read the sequence.
create or replace function rollup_internal.last_drawn_id(source_table regclass)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    id_column constant name := rollup_internal.loaded_id_column(source_table);
    last_id bigint;
begin
    if id_column is not null then
        select coalesce(pg_sequence_last_value(s.seqrelid::regclass), s.seqstart - s.seqincrement) into last_id
          from pg_sequence s
         where s.seqrelid = rollup.id_sequence(source_table, id_column)
           and has_sequence_privilege(s.seqrelid, 'usage, select');
    end if;
    return last_id;
end
$$;
comment on function rollup_internal.last_drawn_id(regclass) is 'The last id drawn for a table, or NULL if unknown.';
