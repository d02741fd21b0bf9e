-- The squared deviations of (high + low) are those of both parts plus twice their products. There is no SET
-- search_path, which would cost more than the rest for each group.
create or replace function rollup_internal.m2_final(sums double precision[])
    returns double precision
    language plpgsql
    immutable
    parallel safe
as $$
begin
    return case
        when sums[1] = 0 then null
        when sums[5] + 2 * sums[6] + sums[3] > 1e-250 then sums[5] + 2 * sums[6] + sums[3]
        else 0 end;
end
$$;
comment on function rollup_internal.m2_final(double precision[]) is
    'Final function of rollup_internal.m2_agg.';
