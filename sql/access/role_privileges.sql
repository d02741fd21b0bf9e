-- Every privilege is granted by this text and checked by the function that PostgreSQL has for its kind of object.
create or replace function rollup_internal.role_privileges(
    purpose text, out kind text, out object text, out privilege text)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    is_writer constant boolean := purpose in ('writer', 'loader');
begin
    return query
    with rollups as (
        select r.source, r.target, r.id_sequence, rollup_internal.is_distributed(r.source) as is_distributed,
               exists (select from rollup_internal.followed_sources f where f.source = r.source) as is_followed,
               s.relnamespace as source_schema, t.relnamespace as target_schema
          from rollup_internal.rollups r
          join pg_class s on s.oid = r.source
          join pg_class t on t.oid = r.target
          join pg_class q on q.oid = r.id_sequence
    )
    select distinct x.kind, x.object, x.privilege
      from rollups r
     cross join lateral (values
           ('schema', r.source_schema::regnamespace::text, 'usage', is_writer or purpose in ('runner', 'monitor')),
           ('schema', r.target_schema::regnamespace::text, 'usage', purpose in ('runner', 'reader')),
           ('table', r.source::text, 'insert', is_writer),
           ('sequence', r.id_sequence::text, 'usage', is_writer),
           ('table', r.source::text, 'select', purpose = 'runner' or purpose = 'reader' and r.is_distributed),
           ('schema', r.source_schema::regnamespace::text, 'usage', purpose = 'reader' and r.is_distributed),
           ('sequence', r.id_sequence::text, 'select', purpose in ('runner', 'monitor')),
           ('table', r.target::text, 'select', purpose in ('runner', 'reader')),
           ('table', r.target::text, 'insert', purpose = 'runner'),
           ('table', r.target::text, 'update', purpose = 'runner'),
           ('table', r.target::text, 'delete', purpose = 'runner' and r.is_followed),
           ('table', 'rollup_internal.sources', 'update', purpose = 'runner' and r.is_followed),
           ('table', rollup_internal.view_name(r.target, 'live'), 'select', purpose = 'reader'),
           ('table', rollup_internal.view_name(r.target, 'bi'), 'select', purpose = 'reader'))
           x (kind, object, privilege, is_wanted)
     where x.is_wanted
    union
    select 'table', 'rollup.set_aside', 'select' where purpose = 'runner'
    union
    select 'table', format('rollup_internal.%I', s.name), p.privilege
      from unnest(array['watermarks', 'backlogs', 'tails', 'horizons', 'runs', 'set_aside', 'changes', 'collected_changes', 'changed_buckets',
                        'correction_totals', 'sample_checks']) s (name)
     cross join unnest(array['select', 'insert', 'update', 'delete']) p (privilege)
     where purpose = 'runner'
    union
    select 'table', format('rollup_internal.%I', c.relname), p.privilege
      from pg_class c
     cross join unnest(array['select', 'insert', 'delete']) p (privilege)
     where purpose = 'runner' and c.relnamespace = 'rollup_internal'::regnamespace and c.relkind = 'r'
       and c.relname ~ '^batch_[0-9]+$'
    union
    select 'table', t.name, p.privilege
      from unnest(array['rollup.loads', 'rollup.load_parts']) t (name)
     cross join unnest(array['select', 'insert', 'update']) p (privilege)
     where purpose = 'loader'
    union
    select 'table', k.keys::text, p.privilege
      from rollup.event_keys k
     cross join unnest(array['select', 'insert', 'delete']) p (privilege)
     where purpose = 'loader'
    union
    select 'role', 'pg_read_all_stats', 'member' where purpose = 'monitor'
    union
    select 'role', c.relowner::regrole::text, 'member'
      from pg_class c where purpose = 'admin' and c.oid = 'rollup_internal.rollups'::regclass
     order by 1, 2, 3;
end
$$;
comment on function rollup_internal.role_privileges(text) is
    'What a role for a purpose (admin, runner, writer, loader, reader, monitor) needs for the rollups that are declared '
    'now: kind of object, object and privilege.';
