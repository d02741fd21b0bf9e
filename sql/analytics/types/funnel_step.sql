do $$
begin
    if pg_catalog.to_regtype('rollup_analytics.funnel_step') is null then
        create type rollup_analytics.funnel_step as (
            step           int,
            condition      text,
            users          bigint,
            open           bigint,
            of_first       numeric,
            of_previous    numeric,
            median_seconds double precision,
            p90_seconds    double precision,
            breakdown      text
        );
    end if;
end
$$;
comment on type rollup_analytics.funnel_step is 'A row of rollup_analytics.funnel.';
