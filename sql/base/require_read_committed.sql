-- A snapshot from before the wait for the run lock would not show what the run has done.
create or replace function rollup_internal.require_read_committed(rollup_name text, done text)
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception using
            errcode = 'invalid_transaction_state',
            message = format('rollup %I cannot be %s at isolation level %s',
                             rollup_name, done, current_setting('transaction_isolation')),
            hint = 'Begin the transaction at that level: begin isolation level read committed';
    end if;
end
$$;
comment on function rollup_internal.require_read_committed(text, text) is
    'Raises invalid_transaction_state unless each statement sees what was committed before it.';
