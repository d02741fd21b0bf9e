create or replace function rollup_internal.record_expiry(relation regclass, kept text[])
    returns void
    language sql
    volatile
    set search_path = pg_catalog, pg_temp
begin atomic
    insert into rollup_internal.expiries as e (relation, ended_at, kept)
    values (record_expiry.relation, pg_catalog.clock_timestamp(), record_expiry.kept)
    on conflict on constraint expiries_pkey do update
       set ended_at = excluded.ended_at, kept = excluded.kept;
end;
comment on function rollup_internal.record_expiry(regclass, text[]) is
    'Records when something of a source or of a rollup''s table was removed last, and what was kept and why.';
