-- Only users who converted are read with their touches. A conversion without touches has one row, of a direct touch. All
-- windows are over the touches of one conversion, which are sorted once. Credits are cut to six places and the rest goes
-- to the last touch, so that they add up exactly to the value. Decay is relative to the last touch, since after many
-- half-lives no number is small enough.
create or replace function rollup_analytics.attribution(
    conversion text, model text, lookback interval default '30 days', half_life interval default '7 days',
    tenant text default null, range_from timestamptz default null, range_to timestamptz default null,
    source text default 'events', user_column text default 'user_id', channel_column text default 'source',
    touch text default null, amount text default 'amount', currency_column text default 'currency')
    returns table (channel text, currency text, conversions numeric, value numeric)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
    set jit = off
as $$
#variable_conflict use_variable
declare
    q record;
    is_conversion text;
begin
    select * into q from rollup_analytics_internal.question(source, tenant, range_from, range_to, user_column);
    perform rollup_analytics_internal.validate_choice('model', model, '{first,last,last_non_direct,linear,position,time_decay}');
    lookback := rollup_analytics_internal.validate_length('lookback', lookback);
    half_life := rollup_analytics_internal.validate_length('half_life', half_life);
    if half_life = interval '0' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'half_life must be longer than zero';
    end if;
    is_conversion := rollup_analytics_internal.validate_condition(q.relation, 'conversion', conversion);
    if touch is not null then
        perform rollup_analytics_internal.validate_condition(q.relation, 'touch', touch);
    end if;
    return query execute rollup_internal.fill_template(
        $text$with buyers as materialized (
    select distinct ({users})::text collate "C" as u from {relation} where {in_range} and {conversion}
),
e as materialized (
    select ({users})::text collate "C" as u, {time} as t, ({channel})::text as channel, coalesce({conversion}, false) as converts,
           coalesce({touch}, false) as touches, coalesce(({amount})::numeric, 0) as amount, ({currency})::text as currency,
           row_number() over () as id
      from {relation}
     where {history}
       and ({users})::text collate "C" in (select u from buyers)
),
k as materialized (select * from e where converts and t >= {range_from}::timestamptz),
touches as (
    select k.id, k.amount, k.currency, coalesce(k.t - e.t, interval '0') as before,
           case when e.channel is null or lower(e.channel) in ('', 'direct', '(direct)', '(none)') then '(direct)' else e.channel end as channel,
           row_number() over w as n, count(*) over (partition by k.id) as touches
      from k
      left join e on e.touches and e.u = k.u and e.t <= k.t and e.t >= k.t - interval {lookback} and e.id <> k.id
    window w as (partition by k.id order by e.t, e.channel nulls first, e.id)
),
ranked as (
    select *, max(n) filter (where channel <> '(direct)') over (partition by id) as last_channel from touches
),
weighted as (
    select * from (select *, ({weight})::numeric as weight from ranked) r where weight <> 0
),
shared as (
    select *, trunc(weight / sum(weight) over (partition by id), 6) as share,
           trunc(amount * weight / sum(weight) over (partition by id), greatest(6, scale(amount))) as credit
      from weighted
),
credits as (
    select channel, currency,
           case when n = touches then share + 1 - sum(share) over (partition by id) else share end as conversions,
           case when n = touches then credit + amount - sum(credit) over (partition by id) else credit end as value
      from shared
)
select channel, currency, sum(conversions), sum(value)
  from credits
 group by channel, currency
having sum(conversions) <> 0 or sum(value) <> 0
 order by channel, currency$text$,
        jsonb_build_object(
            'users', q.users,
            'time', quote_ident(q.time_column),
            'channel', rollup_analytics_internal.validate_expression(q.relation, 'channel_column', channel_column),
            'conversion', is_conversion,
            'touch', case when touch is null then format('not coalesce(%s, false)', is_conversion) else format('(%s)', touch) end,
            'amount', rollup_analytics_internal.validate_expression(q.relation, 'amount', amount),
            'currency', rollup_analytics_internal.validate_expression(q.relation, 'currency_column', currency_column),
            'relation', q.relation,
            'in_range', q.in_range,
            'history', rollup_internal.all_of(
                rollup_internal.bounds_conditions(quote_ident(q.time_column), tstzrange(range_from - lookback, range_to))
                || q.tenant_condition),
            'range_from', quote_literal(range_from),
            'lookback', quote_literal(lookback),
            'weight', case model
                when 'first' then '(n = 1)::int'
                when 'last' then '(n = touches)::int'
                when 'last_non_direct' then '(n = coalesce(last_channel, touches))::int'
                when 'linear' then '1'
                when 'position' then 'case when touches = 1 then 100 when touches = 2 then 50 when n in (1, touches) then 40 else 20.0 / (touches - 2) end'
                else format('power(2::float8, greatest(-extract(epoch from before - min(before) over (partition by id))::float8 / %s, -1000))',
                            extract(epoch from half_life)) end));
end
$$;
comment on function rollup_analytics.attribution(text, text, interval, interval, text, timestamptz, timestamptz, text, text, text, text, text, text) is
    'Which channels conversions and their values are credited to, by the touches of the same user within the lookback '
    'before. model: first, last, last_non_direct, linear, position (40/20/40), time_decay (2 ^ -(time / half_life)). A touch '
    'is an event that meets touch; by default, any that is not a conversion. Without a channel it is direct, as is a '
    'conversion without touches. The credits of a conversion add up exactly to its value.';
