-- Keys are unique within a tenant, so that they can be distributed like the events, and be checked where these are. The
-- roles that load get what they need for it; others do not see keys.
create or replace function rollup_internal.create_key_table(source regclass)
    returns regclass
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
#variable_conflict use_variable
declare
    keys regclass := (select k.keys from rollup.event_keys k where k.source = source);
    name constant text := rollup_internal.view_name(source, 'keys');
    r rollup_internal.rollups;
    grantee text;
    definition text;
begin
    if keys is not null then
        return keys;
    end if;
    select * into r from rollup_internal.rollups x where x.source = source order by x.id limit 1;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('%s is not the source of a rollup', source),
            hint = 'Declare a rollup of it first: rollup.create_rollup.';
    end if;
    perform rollup_internal.validate_name_length((parse_ident(name))[2]);
    if to_regclass(name) is not null then
        raise exception using
            errcode = 'duplicate_table',
            message = format('%s already exists; the keys of %s need the name', name, source),
            hint = format('alter table %s rename to …', name);
    end if;
    definition := (
        select format('tenant %s%s%s, ', format_type(a.atttypid, a.atttypmod),
                      ' collate ' || nullif(a.attcollation, 0)::regcollation::text, case when a.attnotnull then ' not null' end)
          from pg_attribute a where a.attrelid = source and a.attname = r.tenant);
    execute rollup_internal.fill_template(
        'create table {name} ({tenant}event_key text collate pg_catalog."C" not null, load_id bigint not null, '
        'seen_at timestamptz not null default now(), unique nulls not distinct ({unique_tenant}event_key))',
        jsonb_build_object('name', name, 'tenant', coalesce(definition, ''),
                           'unique_tenant', case when definition is not null then 'tenant, ' else '' end));
    keys := name::regclass;
    if definition is not null and rollup_internal.is_distributed(source) then
        perform create_distributed_table(keys, 'tenant', colocate_with => source::text);
    end if;
    execute format('create index on %s using brin (seen_at)', keys);  -- a B-tree would cost every load a tenth
    perform rollup_internal.set_replica_identity(keys);
    execute format('comment on table %s is %L', keys, format('Keys of events of %s: see rollup.event_keys.', source));
    for grantee in
        select distinct case g.grantee when 0 then 'public' else g.grantee::regrole::text end
          from pg_class c
         cross join lateral aclexplode(c.relacl) g
         where c.oid = source and g.privilege_type = 'INSERT' and g.grantee <> c.relowner
    loop
        execute format('grant select, insert, delete on %s to %s', keys, grantee);
    end loop;
    if (select c.relowner from pg_class c where c.oid = source) <> (select c.relowner from pg_class c where c.oid = keys) then
        execute format('alter table %s owner to %s', keys, (select c.relowner::regrole from pg_class c where c.oid = source));
    end if;
    insert into rollup_internal.event_keys as k (source, keys) values (source, keys)
        on conflict on constraint event_keys_pkey do update set keys = excluded.keys;
    return keys;
end
$$;
comment on function rollup_internal.create_key_table(regclass) is
    'Creates the table of event keys of a source beside it, unless there is one. Raises undefined_object for a table that '
    'no rollup has, and duplicate_table if its name is in use.';
