-- Events and rows change in one transaction. The proof is written with them, and says nothing about whom it concerned.
create or replace function rollup.erase(
    source regclass, tenant text, condition text, dry_run boolean default false, reference text default null,
    out events bigint, out rollups jsonb)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set row_security = off
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    r rollup_internal.rollups;
    member rollup_internal.rollups;
    conditions text[];
begin
    select * into r from rollup_internal.rollups x where x.source = source order by x.id limit 1;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('%s is not the source of a rollup', source),
            hint = format('Delete its events directly: delete from %s where …', source);
    elsif nullif(btrim(condition), '') is null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'which events are to be erased must be said by a condition',
            hint = 'For example ''user_id = 42''; ''true'' for all events of the tenant.';
    elsif tenant is null and r.tenant is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('events of %s are erased tenant by tenant: which one is not said', source);
    end if;
    if rollup_internal.expression_type(source, condition) <> 'boolean' then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('%s is not a condition', condition);
    end if;
    conditions := array_remove(array[rollup_internal.tenant_condition(r, rollup_internal.parse_tenant(r, tenant)),
                                     format('(%s)', condition)], null);
    if dry_run then
        execute format('select count(*) from %s where %s', source, rollup_internal.all_of(conditions)) into events;
        rollups := '{}';
        for member in select * from rollup_internal.rollups x where x.source = source order by x.id loop
            rollups := rollups || jsonb_build_object(member.name, (
                select coalesce(jsonb_agg(jsonb_build_object('from', t.range_from, 'to', t.range_to)), '[]')
                  from rollup_internal.touched_ranges(member, conditions) t));
        end loop;
        return;
    end if;
    select e.removed, e.counted_again into events, rollups
      from rollup_internal.remove_events(source, conditions, tstzrange(null, null)) e;
    insert into rollup_internal.erasures (source, reference, events, rollups)
    values (source::text, reference, events, rollups);
end
$$;
comment on function rollup.erase(regclass, text, text, boolean, text) is
    'Deletes the events of a tenant that meet a condition, such as ''user_id = 42'', and counts the buckets again that they were '
    'counted in, in the caller''s transaction. Returns how many events, and the rows of each rollup before and after; rollup.erasures keeps '
    'a proof, with the reference, without tenant and condition. With dry_run, returns the events and the buckets, and changes nothing. '
    'Raises object_not_in_prerequisite_state where raw events of these buckets have expired.';
