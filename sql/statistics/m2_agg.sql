-- See rollup_internal.mean_agg.
create or replace aggregate rollup_internal.m2_agg(high double precision, low double precision) (
    sfunc = float8_regr_accum,
    stype = double precision[],
    initcond = '{0,0,0,0,0,0}',
    finalfunc = rollup_internal.m2_final,
    combinefunc = float8_regr_combine,
    parallel = safe
);
comment on aggregate rollup_internal.m2_agg(double precision, double precision) is
    'The sum of squared deviations of doubles from their mean, each given by its high and its low part.';
