-- Wichura (1988), algorithm AS 241: 16 digits. Smaller and larger probabilities than 1e-11 from the ends are rejected,
-- so that its third interval is not needed.
create or replace function rollup_analytics_internal.normal_quantile(probability numeric)
    returns double precision
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    q constant double precision := probability - 0.5;
    r double precision;
    z double precision;
begin
    if probability not between 1e-10 and 1 - 1e-10 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('a probability must lie between 0 and 1, not %s', probability);
    end if;
    if abs(q) <= 0.425 then
        r := 0.180625 - q * q;
        return q * (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
            + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
            + 133.14166789178437745) * r + 3.387132872796366608)
            / (((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
            + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
            + 42.313330701600911252) * r + 1);
    end if;
    r := sqrt(-ln(least(probability, 1 - probability)::double precision)) - 1.6;
    z := (((((((0.00077454501427834140764 * r + 0.0227238449892691845833) * r + 0.241780725177450611770) * r
        + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.76949722146069140550) * r
        + 4.63033784615654529590) * r + 1.42343711074968357734)
        / (((((((0.00000000105075007164441684324 * r + 0.00054759380849953449460) * r + 0.0151986665636164571966) * r
        + 0.148103976427480074590) * r + 0.689767334985100004550) * r + 1.67638483018380384940) * r
        + 2.05319162663775882187) * r + 1);
    return case when q < 0 then -z else z end;
end
$$;
comment on function rollup_analytics_internal.normal_quantile(numeric) is
    'The value that a standard normal variable stays below with a probability.';
