-- Page views: number, users, duration, pages and origin.
-- Declares page_views_1hr and page_views_1day, which differ only in their bucket and are therefore
-- counted in one pass. examples/page_views_queries.sql queries them.

select rollup.create_rollup(
    name          => grain.name,
    source        => 'public.events',
    bucket        => grain.bucket,
    bucket_column => grain.bucket_column,
    filter        => $$ event_type = 'view' $$,
    dimensions    => '{source,campaign}',
    measures      => '{"views":     {"count": "*"},
                       "users":     {"distinct": "user_id"},
                       "sessions":  {"distinct": "session_id"},
                       "seconds":   {"avg": "value"},
                       "top_paths": {"top": "path", "counters": 1000}}')
  from (values ('page_views_1hr',  interval '1 hour', 'hour'),
               ('page_views_1day', interval '1 day',  'day')) grain (name, bucket, bucket_column)
 order by grain.bucket;

comment on table public.page_views_1hr is
    'Page views by customer, hour, source and campaign.';
comment on table public.page_views_1day is
    'Page views by customer, day of UTC, source and campaign.';
