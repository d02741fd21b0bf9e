-- Orders by user, currency and day, from a rollup that create_user_day has declared with the same conditions, or from
-- the events. The two give the same rows.
create or replace function rollup_analytics_internal.customers_text(
    source text, tenant text, range_from timestamptz, range_to timestamptz, user_column text,
    orders text, refunds text, amount text, currency_column text, currency text, time_zone text)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    q record;
    r rollup_internal.rollups;
    needed jsonb;
    conditions text;
    day_text text;
    by_currency text;
begin
    select * into q from rollup_analytics_internal.question(source, tenant, range_from, range_to, user_column);
    time_zone := rollup_analytics_internal.validate_zone(time_zone);
    orders := coalesce(orders, rollup_analytics_internal.orders_text());
    refunds := coalesce(refunds, rollup_analytics_internal.refunds_text());
    perform rollup_analytics_internal.validate_condition(q.relation, 'orders', orders);
    perform rollup_analytics_internal.validate_condition(q.relation, 'refunds', refunds);
    by_currency := rollup_analytics_internal.validate_expression(q.relation, 'currency_column', currency_column);
    perform rollup_analytics_internal.validate_expression(q.relation, 'amount', amount);
    needed := rollup_analytics_internal.user_day_measures(orders, refunds, amount, q.time_column) - '{events,first_at,last_at}'::text[];
    r := rollup_analytics_internal.user_rollup(
        q.relation, q.users, '{}', needed, array[range_from, range_to], range_from, by_currency);
    if r.name is not null and (r.bucket <> interval '1 day' or coalesce(r.time_zone, 'UTC') <> time_zone) then
        r := null;
    end if;
    day_text := format('timezone(%L, %I)::date', time_zone, coalesce(r.bucket_column, q.time_column));
    conditions := case when r.name is null then q.in_range
        else rollup_internal.all_of(rollup_internal.rows_conditions(
                 r, tstzrange(range_from, range_to), rollup_internal.parse_tenant(r, tenant))) end;
    if currency is not null then
        conditions := concat(conditions, format(' and %s = %L', by_currency, currency));
    end if;
    return rollup_internal.fill_template(
        case when r.name is null then
            'select ({users})::text collate "C" as u, ({currency})::text as currency, {day} as day, count(*) filter (where {orders}) as orders,'
            ' sum(({amount})::numeric) filter (where {orders}) as ordered, sum(({amount})::numeric) filter (where {refunds}) as refunded,'
            ' max({time}) filter (where {orders}) as last_order_at'
            ' from {relation} where {conditions} and {users} is not null and (({orders}) or ({refunds})) group by 1, 2, 3'
        else
            'select ({users})::text collate "C" as u, ({currency})::text as currency, {day} as day, sum({orders})::bigint as orders,'
            ' sum(({amount})::numeric) as ordered, sum(({refunds})::numeric) as refunded, max({time}) as last_order_at'
            ' from {relation} where {conditions} and ({orders} > 0 or {refunds} is not null) group by 1, 2, 3' end,
        jsonb_build_object('users', q.users, 'currency', by_currency, 'day', day_text, 'conditions', conditions)
        || case when r.name is null then
            jsonb_build_object('orders', orders, 'amount', rollup_internal.quote_if_column(q.relation, amount), 'refunds', refunds,
                               'time', quote_ident(q.time_column), 'relation', q.relation)
        else
            jsonb_build_object(
                'orders', rollup_analytics_internal.measure_column(r.measures::jsonb, needed -> 'orders'),
                'amount', rollup_analytics_internal.measure_column(r.measures::jsonb, needed -> 'ordered'),
                'refunds', rollup_analytics_internal.measure_column(r.measures::jsonb, needed -> 'refunded'),
                'time', rollup_analytics_internal.measure_column(r.measures::jsonb, needed -> 'last_order_at'),
                'relation', rollup_internal.view_name(r.target, 'live')) end);
end
$$;
comment on function rollup_analytics_internal.customers_text(text, text, timestamptz, timestamptz, text, text, text, text, text, text, text) is
    'SQL for orders and refunds by user, currency and day.';
