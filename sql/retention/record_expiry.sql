create or replace function rollup_internal.record_expiry(relation regclass, kept text[])
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    insert into rollup_internal.expiries (relation, ended_at, kept)
    values (relation, clock_timestamp(), kept)
    on conflict on constraint expiries_pkey do update
       set ended_at = excluded.ended_at, kept = excluded.kept;
end
$$;
comment on function rollup_internal.record_expiry(regclass, text[]) is
    'Records when something of a source or of a rollup''s table was removed last, and what was kept and why.';
