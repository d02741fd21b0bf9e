select day::date as date_id,
       extract(year from day)::int as year,
       extract(month from day)::int as month,
       extract(isodow from day)::int as day_of_week
  from (select min(event_time) as first_time, max(event_time) as last_time from {{ source('public', 'events') }}) e,
       generate_series(date_trunc('day', e.first_time at time zone 'UTC'),
                       date_trunc('day', e.last_time at time zone 'UTC'), interval '1 day') day
