-- The state is that of PostgreSQL's own regr_ aggregates: the number of values, sum and squared deviations of the
-- low parts, the same of the high parts, and the products of both. Its Youngs-Cramer update loses digits of
-- unsplit doubles far from 0, but none of their parts. Aggregates over the same arguments share one state.
create or replace aggregate rollup_internal.mean_agg(high double precision, low double precision) (
    sfunc = float8_regr_accum,
    stype = double precision[],
    initcond = '{0,0,0,0,0,0}',
    finalfunc = rollup_internal.mean_final,
    combinefunc = float8_regr_combine,
    parallel = safe
);
comment on aggregate rollup_internal.mean_agg(double precision, double precision) is
    'The mean of doubles, each given by its high and its low part, with more digits than a double has.';
