-- Ids that a restarted sequence issues again are below the watermark, even if the sequence has passed it since.
-- Unknown is no restart: a watermark of an earlier version of the package, or a horizon.
create or replace function rollup_internal.was_restarted(recorded jsonb, found jsonb)
    returns boolean
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select coalesce(recorded -> 'oid' = found -> 'oid'
                    and recorded -> 'parameters' = found -> 'parameters'
                    and recorded -> 'file' <> found -> 'file', false);
end;
comment on function rollup_internal.was_restarted(jsonb, jsonb) is
    'Whether a sequence has been restarted between two states of rollup_internal.sequence_state.';
