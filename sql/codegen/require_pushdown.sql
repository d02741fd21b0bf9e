-- Reports at declaration what would fail or be slow in the first run.
create or replace function rollup_internal.require_pushdown(rollup_name text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    problem constant text := rollup_internal.pushdown_problem(rollup_name);
begin
    if problem is not null then
        raise exception using
            errcode = 'feature_not_supported',
            message = format('Citus would not count %s into %s on the shards but on the coordinator',
                             r.source, r.target),
            detail = problem,
            hint = 'The tenant must be the distribution column of both tables, the tables colocated, and '
                   'expressions without volatile functions and subqueries.';
    end if;
end
$$;
comment on function rollup_internal.require_pushdown(text) is
    'Raises feature_not_supported when Citus would not count a rollup on the shards.';
