create or replace function rollup.plan(
    declarations json, drop_others boolean default false,
    out rollup text, out action text, out statements text[], out loses text)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    declared json;
    names text[] := '{}';
begin
    if json_typeof(declarations) is distinct from 'array' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'declarations must be an array of objects';
    end if;
    for declared in select d.value from json_array_elements(declarations) with ordinality d (value, place) order by d.place loop
        select s.rollup, s.action, s.statements, s.loses into rollup, action, statements, loses
          from rollup_internal.plan_step(rollup_internal.declared_rollup(declared)) s;
        if rollup = any (names) then
            raise exception using
                errcode = 'duplicate_object',
                message = format('rollup %I is declared twice', rollup);
        end if;
        names := names || rollup;
        return next;
    end loop;
    if drop_others then
        for rollup, loses in
            select r.name, r.target::text from rollup_internal.rollups r where r.name <> all (names) order by r.id
        loop
            action := 'drop';
            loses := format('the declaration; table %s stays', loses);
            statements := array[format('select rollup.drop_rollup(%L)', rollup)];
            return next;
        end loop;
    end if;
end
$$;
comment on function rollup.plan(json, boolean) is
    'What rollup.apply would do, without doing it: for each declaration create, alter, replace or unchanged, the '
    'statements, and what would be lost. With drop_others, rollups that are not declared are dropped.';
