-- A snapshot taken before a wait does not see transactions that commit during it.
create or replace function rollup_internal.require_read_committed(
    refusal text, todo text default 'Begin the transaction at that level: begin isolation level read committed')
    returns void
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        raise exception using
            errcode = 'invalid_transaction_state',
            message = format('%s at isolation level %s', refusal, current_setting('transaction_isolation')),
            hint = todo;
    end if;
end
$$;
comment on function rollup_internal.require_read_committed(text, text) is
    'Raises invalid_transaction_state unless each statement sees what was committed before it. The message '
    'begins with the given text, such as ''rollup x cannot be run''.';
