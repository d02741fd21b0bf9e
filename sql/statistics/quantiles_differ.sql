-- A t-digest depends on the order in which values were added and digests merged, so two digests of the same values
-- are rarely identical. Properties that do not depend on the order are compared exactly: the number of values and,
-- up to rounding, their sum. Beyond these, a digest has only groups of neighbouring values, so the two
-- distributions may differ by the size of the largest groups of both.
create or replace function rollup_internal.quantiles_differ(counted double precision[], expected double precision[])
    returns boolean
    language sql
    immutable
    parallel safe
begin atomic
    -- A digest as an array: flags, count, compression, number of groups, then each group's mean and count.
    with groups as (
        select d.side, d.digest[i] as mean, d.digest[i + 1] as number
          from (values (1, counted), (-1, expected)) d (side, digest)
         cross join pg_catalog.generate_series(5, pg_catalog.cardinality(d.digest), 2) i
    ),
    steps as (
        select g.mean, pg_catalog.sum(g.side * g.number) as step,
               pg_catalog.sum(pg_catalog.sum(g.side * g.number)) over (order by g.mean) as apart
          from groups g
         group by g.mean
    ),
    sizes as (
        select pg_catalog.sum(g.side * g.number * g.mean) as sum_apart,
               pg_catalog.sum(g.number * pg_catalog.abs(g.mean)) as all_sums,
               coalesce(pg_catalog.max(g.number) filter (where g.side = 1), 0)
                   + coalesce(pg_catalog.max(g.number) filter (where g.side = -1), 0) as largest
          from groups g
    )
    select case when counted is null or expected is null then counted is distinct from expected
                else counted[2] <> expected[2] or counted[3] <> expected[3]
                     or pg_catalog.abs(s.sum_apart) > 1e-9 * greatest(s.all_sums, 1e-290)
                     or coalesce((select pg_catalog.max(pg_catalog.abs(t.apart)) from steps t), 0) > s.largest end
      from sizes s;
end;
comment on function rollup_internal.quantiles_differ(double precision[], double precision[]) is
    'Whether two t-digests are of different values: different in number or sum, or with distributions further '
    'apart than the largest groups of both.';
