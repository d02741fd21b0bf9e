-- Written into the statement as an expression, so that it runs where the tenant's users are.
create or replace function rollup_analytics_internal.segment_text()
    returns text
    language sql
    stable
    set search_path = pg_catalog, pg_temp
as $$
    select coalesce('case ' || string_agg(rollup_internal.fill_template(
               'when r between {r_from} and {r_to} and f between {f_from} and {f_to} and m between {m_from} and {m_to} then {segment}',
               to_jsonb(s) - 'priority' || jsonb_build_object('segment', quote_literal(s.segment))), ' ' order by s.priority) || ' end', 'null::text')
      from rollup_analytics.segments s;
$$;
comment on function rollup_analytics_internal.segment_text() is 'The name of a segment by the scores r, f and m, as SQL.';
