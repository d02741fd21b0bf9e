create or replace function rollup_internal.restore_rights(rights text[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    statement text;
begin
    foreach statement in array rights loop
        begin
            execute statement;
        exception when undefined_column then
            null;  -- the column of the privilege no longer exists
        end;
    end loop;
end
$$;
comment on function rollup_internal.restore_rights(text[]) is
    'Restores the owner and privileges, as recorded by rollup_internal.rights_of, of a view that was dropped and '
    'created again.';
