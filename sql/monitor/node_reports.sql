-- Every node is asked once for all that monitoring needs: a node that does not answer delays the whole answer by one
-- connection attempt, which is given half a second.
create or replace function rollup_internal.node_reports()
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
    set lock_timeout = '100ms'
as $$
declare
    sequences constant text[] := array(select distinct r.id_sequence::text from rollup_internal.rollups r);
    query constant text := format(
        $query$select jsonb_build_object(
            'sequences', rollup_internal.sequence_positions(%L::text[]),
            'prepared', (select coalesce(jsonb_agg(gid order by prepared), '[]') from pg_prepared_xacts
                          where database = current_database() and prepared < now() - interval '1 minute'))$query$,
        sequences);
    has_citus constant boolean := rollup_internal.extension_schema('citus') is not null;
    timeout_before text;
    reports jsonb;
begin
    if has_citus then
        timeout_before := current_setting('citus.node_connection_timeout', true);
        perform set_config('citus.node_connection_timeout', '500', true);
    end if;
    select jsonb_agg(jsonb_build_object('node_group', n.node_group, 'node', n.node, 'problem', n.problem,
                                        'report', n.result::jsonb) order by n.node_group)
      into reports
      from rollup_internal.ask_each_node(query) n;
    if timeout_before is not null then
        perform set_config('citus.node_connection_timeout', timeout_before, true);
    end if;
    return reports;
end
$$;
comment on function rollup_internal.node_reports() is
    'What each node says about the sequences of all sources and about prepared transactions that are more than a '
    'minute old: [{"node_group", "node", "problem", "report": {"sequences", "prepared"}}].';
