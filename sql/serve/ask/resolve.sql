-- Ranges are widened to whole steps, so that the same question within a step is the same resolved question, which a
-- cache can recognize.
--
-- On Citus the function stays on the coordinator, where its state is.
set citus.enable_ddl_propagation to off;
create or replace function rollup_serve.resolve(rollup_name text, question jsonb)
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, MDY'
    set intervalstyle = postgres
as $$
#variable_conflict use_variable
declare
    r constant rollup_internal.rollups := rollup_internal.get_rollup(rollup_name);
    finest constant rollup_internal.rollups := rollup_serve.finest_member(rollup_name);
    tenant text;
    zone text;
    range_from timestamptz;
    range_to timestamptz;
    bounds tstzrange;
    wanted constant text := coalesce(question ->> 'grain', 'auto');
    step interval;
    step_zone text;
    names text[];
    dimensions constant text[] := array(select jsonb_array_elements_text(question -> 'dimensions'));
    steps int;
    previous_from timestamptz;
    previous_to timestamptz;
begin
    select t.tenant, t.zone into tenant, zone from rollup_serve.asked_tenant(question) t;
    select a.range_from, a.range_to into range_from, range_to from rollup_serve.asked_range(question, zone) a;
    if wanted <> 'total' then
        step := case wanted when 'auto' then rollup_serve.auto_grain(finest.bucket, range_from, range_to) else wanted::interval end;
        if wanted ~ '(^|[[:space:]])[-+]?[0-9.]+[[:space:]]*$' then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('grain %s has no unit', wanted), hint = 'Such as 5 minutes, 1 hour, auto or total.';
        end if;
        if step = '24 hours' then
            step := '1 day';
        end if;
        if extract(day from step) > 0 or extract(month from step) > 0 or extract(year from step) > 0 then
            step_zone := zone;
        end if;
        perform rollup_internal.validate_bucket(step, step_zone);
        bounds := rollup_internal.align_to_buckets(step, step_zone, range_from, range_to);
        steps := case when step_zone is null then extract(epoch from upper(bounds) - lower(bounds)) / extract(epoch from step)
                      else extract(epoch from upper(bounds) - lower(bounds)) / extract(epoch from step) + 1 end;
        if steps > 5000 then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = format('%s steps of %s are too many', steps, step),
                hint = 'At most 5000: ask for a shorter range or a longer grain.';
        end if;
    else
        bounds := rollup_internal.align_to_buckets(finest.bucket, finest.time_zone, range_from, range_to);
    end if;
    if question ->> 'compare' = 'previous' then
        previous_to := lower(bounds);
        -- The same days, or the same number of seconds.
        previous_from := case
            when step_zone is not null or question ->> 'range' in ('today', 'yesterday') then
                lower(bounds) - ((upper(bounds) at time zone zone) - (lower(bounds) at time zone zone))
            else lower(bounds) - (extract(epoch from upper(bounds) - lower(bounds)) * interval '1 second') end;
    elsif question ->> 'compare' is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('there is no comparison with %s', question ->> 'compare'), hint = 'Write compare=previous.';
    end if;

    names := array(select jsonb_array_elements_text(question -> 'measures'));
    if names = '{}' then
        names := array(select f.name from rollup_serve.fields_of(r) f
                        where f.role = 'measure' and f.type = 'number' order by f.place);
    end if;
    return jsonb_build_object(
        'rollup', r.name, 'site_id', question ->> 'site_id', 'tenant', tenant, 'time_zone', zone,
        'from', lower(bounds), 'to', upper(bounds), 'step', step, 'step_zone', step_zone,
        'previous_from', previous_from, 'previous_to', previous_to,
        'dimensions', to_jsonb(dimensions), 'measures', to_jsonb(names),
        'filters', coalesce(question -> 'filters', '{}'),
        'order', coalesce(question ->> 'order', case
            when step is not null then 'bucket'
            else coalesce((select concat('-', n.name) from unnest(names) with ordinality n (name, place)
                             join rollup_serve.fields_of(r) f on f.name = n.name and f.role = 'measure' and f.type = 'number'
                            order by n.place limit 1), dimensions[1], names[1]) end),
        'limit', least(greatest(coalesce((question ->> 'limit')::int, 1000), 1), 10000),
        'items', least(greatest(coalesce((question ->> 'items')::int, 10), 1), 1000),
        'after', question -> 'after',
        'fill', coalesce((question ->> 'fill')::boolean, true) and step is not null,
        'live', coalesce((question ->> 'live')::boolean, false));
end
$$;
comment on function rollup_serve.resolve(text, jsonb) is
    'A question about a rollup with everything that was left out or relative made explicit: the range in whole steps, the '
    'grain, the tenant, the measures and the order.';
reset citus.enable_ddl_propagation;
