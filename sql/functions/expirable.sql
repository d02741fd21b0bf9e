create or replace function rollup.expirable(
    out kind text, out name text, out partition text, out range_from timestamptz, out range_to timestamptz,
    out rows bigint, out bytes bigint, out action text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    what rollup.retention;
begin
    for what in select * from rollup.retention x where x.keep is not null and x.is_enforced loop
        kind := what.kind;
        name := what.name;
        if kind = 'source' then
            for partition, range_from, range_to, rows, bytes, action in
                select e.* from rollup.expire(what.relation, what.keep, true) e
            loop
                return next;
            end loop;
        else
            for partition, range_from, range_to, rows, bytes, action in
                select e.partition, e.range_from, e.range_to, e.rows, e.bytes, e.action
                  from rollup.expire_rollup(name, true) e
            loop
                return next;
            end loop;
        end if;
    end loop;
end
$$;
comment on function rollup.expirable() is 'What rollup.expire_all would remove now, and what keeps it from that; changes nothing.';
