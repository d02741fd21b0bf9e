-- One row for each visitor and day of UTC.
select visitor_id || '@' || date_id as retention_id,
       visitor_id,
       date_id,
       case when row_number() over (partition by visitor_id order by date_id) > 1 then 'yes' else 'no' end as return_visit
  from (select distinct visitor_id, date_id from {{ ref('fact_visitor_activity') }}) v
