-- The mean of the high parts is rounded to so few bits that the remainder of their sum is exact. The remainder and
-- the low parts supply the other digits.
--
-- There is no SET search_path, which would cost more than the rest for each group.
create or replace function rollup_internal.mean_final(sums double precision[])
    returns numeric
    language plpgsql
    immutable
    parallel safe
as $$
declare
    number constant double precision := sums[1];
    low_sum constant double precision := sums[2];
    high_sum constant double precision := sums[4];
    high_mean double precision := 0;
begin
    if number = 0 then
        return null;
    end if;
    if pg_catalog.abs(high_sum) > 1e-250 then  -- a quotient too small for a double raises an error
        high_mean := rollup_internal.high_part(high_sum / number);
    end if;
    return rollup_internal.exact_numeric(high_mean)
        + rollup_internal.mean_quotient((high_sum - number * high_mean + low_sum)::numeric, number::numeric);
end
$$;
comment on function rollup_internal.mean_final(double precision[]) is
    'Final function of rollup_internal.mean_agg.';
