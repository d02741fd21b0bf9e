do $$
begin
    if pg_catalog.to_regtype('rollup_analytics.offer') is null then
        create type rollup_analytics.offer as (
            product_id text,
            score      double precision,
            reason     text
        );
    end if;
end
$$;
comment on type rollup_analytics.offer is 'A row of rollup_analytics.similar.';
