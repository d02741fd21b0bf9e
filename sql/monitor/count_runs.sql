-- `create or replace trigger` would wait for a run that writes the ledger, and later runs behind it.
do $$
begin
    if not exists (select from pg_catalog.pg_trigger
                    where tgrelid = 'rollup_internal.runs'::regclass and tgname = 'count_run') then
        create trigger count_run after insert or update of finished_at on rollup_internal.runs
            for each row execute function rollup_internal.count_run();
    end if;
end
$$;
