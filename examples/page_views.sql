-- Page views: how many, by how many users, how long, of which pages, and where they came from.
-- Declares page_views_1hr and page_views_1day; since they differ in their buckets only, they are
-- counted in one pass. examples/page_views_queries.sql asks them.

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
