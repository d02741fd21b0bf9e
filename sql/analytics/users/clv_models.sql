create or replace function rollup_analytics_internal.clv_models(model jsonb, tenant text, currency text)
    returns jsonb
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select case when model is not null then jsonb_build_object('', rollup_analytics_internal.model_parameters(
                    model, 'clv', tenant, '', '{r,alpha,a,b,p,q,v}'))
                else (select jsonb_object_agg(x.subject, rollup_analytics_internal.model_parameters(
                                 null, 'clv', tenant, x.subject, '{r,alpha,a,b,p,q,v}'))
                        from (select distinct m.subject from rollup_analytics.models m
                               where m.kind = 'clv' and m.tenant = clv_models.tenant
                                 and (currency is null or m.subject = currency)) x) end;
$$;
comment on function rollup_analytics_internal.clv_models(jsonb, text, text) is
    'The parameters to score with, by currency, since a value in one says nothing about another: the latest fitted ones; or '
    'those given, for all.';
