-- The questions are those of a funnel from awareness to advocacy. Each counts visitors, where rows would count one of them
-- several times, and divides numerics, where integers would give 0.
create or replace function rollup_analytics.create_visitor_model(
    schema_name name default 'visitor_model', source text default 'events', time_zone text default 'UTC')
    returns table (kind text, name text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    q record;
    v record;
    names jsonb;
    asked jsonb := '{"range_from": {"type": "date"}, "range_to": {"type": "date"}}';
begin
    select * into q from rollup_analytics_internal.source_columns(source);
    time_zone := rollup_analytics_internal.validate_zone(time_zone);
    execute format('create schema if not exists %I', schema_name);
    names := jsonb_build_object(
        'schema', quote_ident(schema_name), 'tenant', quote_ident(q.tenant_column), 'relation', q.relation,
        'day', format('timezone(%L, %I)::date', time_zone, q.time_column));
    asked := jsonb_build_object('tenant', jsonb_build_object('type', (
        select format_type(rollup_internal.base_type(a.atttypid), -1) from pg_attribute a where a.attrelid = q.relation and a.attname = q.tenant_column))) || asked;
    kind := 'table';
    for v in
        select *
          from (values
            ('dim_visitor', 'visitor_id', 'visitor_id text not null, visitor_name text, location text, device_type text, source text'),
            ('dim_content', 'content_id', 'content_id text not null, content_type text, content_title text, author text, category text'),
            ('dim_ad_affiliate', 'ad_affiliate_id', 'ad_affiliate_id text not null, campaign text, source text, ad_type text'),
            ('dim_subscription', 'subscription_id',
             'subscription_id text not null, subscriber_id text not null, subscription_type text, start_date date not null, end_date date'),
            ('dim_social_media', 'social_media_id',
             'social_media_id text not null, social_media_name text, sentiment_category text')) v (name, key, columns)
    loop
        name := rollup_analytics_internal.create_model_table(q.relation, q.tenant_column, schema_name, v.name, v.columns, v.key);
        return next;
    end loop;

    kind := 'view';
    for v in
        select *
          from (values
            ('fact_visitor_activity',
             $text$select {tenant}, event_id as activity_id, user_id as visitor_id, {day} as date_id,
       coalesce(properties ->> 'content_id', path) as content_id, source, event_type as activity_type
  from {relation}
 where user_id is not null$text$),
            ('fact_conversions',
             $text$select e.{tenant}, e.event_id as conversion_id, e.user_id as visitor_id, {day} as date_id,
       e.properties ->> 'ad_affiliate_id' as ad_affiliate_id,
       case when exists (select from {schema}.dim_subscription s
                          where s.{tenant} = e.{tenant} and s.subscriber_id = e.user_id and s.start_date >= {day})
            then 'converted' else 'not converted' end as subscription_status
  from {relation} e
 where e.properties ? 'ad_affiliate_id'$text$),
            ('fact_retentions',
             $text$select {tenant}, concat(visitor_id, ' ', date_id) as retention_id, visitor_id, date_id,
       case when date_id > min(date_id) over (partition by {tenant}, visitor_id) then 'yes' else 'no' end as return_visit
  from (select distinct {tenant}, user_id as visitor_id, {day} as date_id from {relation} where user_id is not null) d$text$),
            ('fact_social_sentiment',
             $text$select {tenant}, event_id as sentiment_id, properties ->> 'social_media_id' as social_media_id, {day} as date_id,
       value as sentiment_score
  from {relation}
 where properties ? 'social_media_id'$text$)) v (name, query)
    loop
        name := format('%I.%I', schema_name, v.name);
        call rollup_internal.replace_view(name, rollup_internal.fill_template(v.query,
            case when v.query like '%{schema}%' then names else names - 'schema' end));
        return next;
    end loop;

    kind := 'report';
    for v in
        select *
          from (values
            ('awareness', 'Visitors by source',
             $text$select source, count(distinct visitor_id) as visitors
  from {schema}.fact_visitor_activity
 where {tenant} = :tenant and date_id >= :range_from and date_id < :range_to
 group by source
 order by visitors desc, source$text$),
            ('consideration', 'The most popular content among subscribers',
             $text$select c.content_title, count(*) as interactions, count(distinct a.visitor_id) as subscribers
  from {schema}.fact_visitor_activity a
  join {schema}.dim_content c on c.{tenant} = a.{tenant} and c.content_id = a.content_id
 where a.{tenant} = :tenant and a.date_id >= :range_from and a.date_id < :range_to
   and exists (select from {schema}.dim_subscription s
                where s.{tenant} = a.{tenant} and s.subscriber_id = a.visitor_id
                  and s.start_date <= a.date_id and (s.end_date is null or s.end_date > a.date_id))
 group by c.content_title
 order by interactions desc, c.content_title$text$),
            ('conversion', 'Conversion rate of each campaign',
             $text$select d.campaign, count(*) filter (where f.subscription_status = 'converted') as conversions, count(*) as clicks,
       round(count(*) filter (where f.subscription_status = 'converted')::numeric / count(*), 4) as conversion_rate
  from {schema}.fact_conversions f
  join {schema}.dim_ad_affiliate d on d.{tenant} = f.{tenant} and d.ad_affiliate_id = f.ad_affiliate_id
 where f.{tenant} = :tenant and f.date_id >= :range_from and f.date_id < :range_to
 group by d.campaign
 order by conversion_rate desc, d.campaign$text$),
            ('loyalty', 'Returning visitors by month',
             $text$select extract(year from date_id)::int as year, extract(month from date_id)::int as month,
       count(distinct visitor_id) filter (where return_visit = 'yes') as returning_visitors,
       count(distinct visitor_id) as visitors,
       round(count(distinct visitor_id) filter (where return_visit = 'yes')::numeric / count(distinct visitor_id), 4) as retention_rate
  from {schema}.fact_retentions
 where {tenant} = :tenant and date_id >= :range_from and date_id < :range_to
 group by 1, 2
 order by 1, 2$text$),
            ('advocacy', 'Sentiment by outlet',
             $text$select m.social_media_name, m.sentiment_category, count(*) as mentions,
       round(avg(f.sentiment_score)::numeric, 4) as mean_score
  from {schema}.fact_social_sentiment f
  join {schema}.dim_social_media m on m.{tenant} = f.{tenant} and m.social_media_id = f.social_media_id
 where f.{tenant} = :tenant and f.date_id >= :range_from and f.date_id < :range_to
 group by m.social_media_name, m.sentiment_category
 order by mentions desc, m.social_media_name, m.sentiment_category$text$)) v (name, description, query)
    loop
        name := v.name;
        perform rollup_analytics.create_report(v.name, v.description,
            rollup_internal.fill_template(v.query, names - '{relation,day}'::text[]), asked);
        return next;
    end loop;
end
$$;
comment on function rollup_analytics.create_visitor_model(name, text, text) is
    'Creates a schema with five dimensions, as tables to fill, and four facts, as views over events: activities, conversions, '
    'return visits and sentiment; and five reports: awareness, consideration, conversion, loyalty, advocacy.';
