-- Every activity is an event that the rollup has counted, once.
select counted, activities
  from (select sum(event_count) as counted from {{ source('public', 'rollup_events_1hr') }}) r,
       (select count(*) as activities from {{ ref('fact_visitor_activity') }}) a
 where activities > counted
