-- All of it in one transaction: a declaration that is refused leaves everything as it was.
create or replace function rollup.apply(
    declarations json, drop_others boolean default false, accept_loss boolean default false, only_actions text[] default null,
    out rollup text, out action text, out statements text[], out loses text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    refused text;
    statement text;
begin
    select string_agg(format('%I: %s', p.rollup, p.loses), '; ') into refused
      from rollup.plan(declarations, drop_others) p
     where p.loses is not null and p.action = any (coalesce(only_actions, array[p.action]));
    if refused is not null and not accept_loss then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('data would be lost: %s', refused),
            hint = 'Nothing was changed. See what would be done with plan, then accept the loss.';
    end if;
    select string_agg(format('%I has to be %s', p.rollup,
                             case p.action when 'create' then 'created' when 'alter' then 'altered'
                                           when 'replace' then 'dropped and created' else 'dropped' end), '; ') into refused
      from rollup.plan(declarations, drop_others) p
     where p.action <> 'unchanged' and p.action <> all (only_actions);
    if refused is not null then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('rollup %s', refused),
            hint = 'Nothing was changed. apply does all that is needed.';
    end if;
    for rollup, action, statements, loses in select * from rollup.plan(declarations, drop_others) loop
        foreach statement in array statements loop
            execute statement;
        end loop;
        return next;
    end loop;
end
$$;
comment on function rollup.apply(json, boolean, boolean, text[]) is
    'Makes rollups as they are declared ([{"name", "source", "bucket", "measures", …}, …]), in one transaction, and '
    'returns what was done; a second call changes nothing. Raises object_not_in_prerequisite_state if data would be '
    'lost, unless accept_loss, or if an action outside only_actions is needed.';
