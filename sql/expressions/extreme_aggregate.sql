-- The aggregate that follows the ordering of the type. A type of an extension has its own aggregate outside
-- pg_catalog; the engine's search_path would resolve to the one for text.
create or replace function rollup_internal.extreme_aggregate(aggregate_name text, type_name text)
    returns text
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    held_type constant regtype := rollup_internal.base_type(type_name::regtype);
    own_aggregate regproc;
begin
    select p.oid::regproc into own_aggregate
      from pg_proc p
      join pg_aggregate a on a.aggfnoid = p.oid and a.aggsortop <> 0
     where p.proname = aggregate_name and p.pronargs = 1 and p.proargtypes[0] = held_type
     order by p.pronamespace = (select t.typnamespace from pg_type t where t.oid = held_type) desc
     limit 1;
    return coalesce(own_aggregate::text,
                    (select aggregate_name from pg_type t join pg_namespace n on n.oid = t.typnamespace
                      where t.oid = held_type
                        and (n.nspname = 'pg_catalog' or t.typtype <> 'b' or t.typcategory = 'A')));
end
$$;
comment on function rollup_internal.extreme_aggregate(text, text) is
    'Name of the aggregate min or max for the values of a type, qualified where it must be; NULL for a '
    'type of an extension that has none.';
