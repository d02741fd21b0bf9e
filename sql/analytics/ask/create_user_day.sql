create or replace function rollup_analytics.create_user_day(
    name text default 'user_day', source text default 'events', user_column text default 'user_id',
    dimensions text[] default '{event_type,source,currency}', orders text default null,
    refunds text default null, amount text default 'amount', time_zone text default null)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    q record;
begin
    select * into q from rollup_analytics_internal.source_columns(source);
    return rollup.create_rollup(
        name => name,
        source => q.relation,
        bucket => interval '1 day',
        bucket_column => 'day',
        tenant => q.tenant_column,
        time_column => q.time_column,
        time_zone => time_zone,
        dimensions => user_column || dimensions,
        filter => format('%s is not null', rollup_internal.quote_if_column(q.relation, user_column)),
        measures => rollup_analytics_internal.user_day_measures(
            coalesce(orders, rollup_analytics_internal.orders_text()),
            coalesce(refunds, rollup_analytics_internal.refunds_text()), amount, q.time_column)::json);
end
$$;
comment on function rollup_analytics.create_user_day(text, text, text, text[], text, text, text, text) is
    'Declares a rollup of users by day, which answers cohort_retention, rfm and clv after events were dropped. The '
    'conditions of those questions may use its dimensions.';
