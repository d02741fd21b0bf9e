create or replace function rollup_analytics_internal.model_parameters(
    model jsonb, kind text, tenant text, subject text, names text[])
    returns jsonb
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    found_one jsonb := coalesce(model, (
        select m.parameters from rollup_analytics.models m
         where m.kind = kind and m.tenant = tenant and m.subject = subject
         order by m.fitted_at desc limit 1));
    wrong text;
begin
    select n into wrong from unnest(names) n
     where found_one is not null
       and case when jsonb_typeof(found_one -> n) = 'number' then (found_one ->> n)::numeric <= 0 else true end
     limit 1;
    if wrong is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('model has no number %s above 0', wrong),
            hint = format('It has %s.', array_to_string(names, ', '));
    end if;
    return (select jsonb_object_agg(n, found_one -> n) from unnest(names) n where found_one is not null);
end
$$;
comment on function rollup_analytics_internal.model_parameters(jsonb, text, text, text, text[]) is
    'Parameters that were given, or else the latest fitted ones; NULL if there are none.';
