-- Strict, so that the first value becomes the state without a call. There is no SET search_path, which would cost more
-- than the rest for each event.
create or replace function rollup_internal.keep_first(kept anyelement, next anyelement)
    returns anyelement
    language plpgsql
    immutable
    strict
    parallel safe
as $$
begin
    return kept;
end
$$;
comment on function rollup_internal.keep_first(anyelement, anyelement) is
    'Transition function of rollup_internal.first_value_agg.';
