create or replace function rollup.expirable(
    out kind text, out name text, out partition text, out range_from timestamptz, out range_to timestamptz,
    out rows bigint, out bytes bigint, out action text)
    returns setof record
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    item rollup.retention;
begin
    for item in
        select * from rollup.retention r where r.keep is not null and r.is_enforced
    loop
        begin
            if item.kind = 'source' then
                return query select item.kind, item.name, e.* from rollup.expire(item.relation, item.keep, true) e;
            elsif item.kind = 'keys' then
                execute format('select count(*), max(seen_at) from %s where seen_at < $1', item.relation)
                   into rows, range_to using now() - item.keep;
                return query
                    select item.kind, item.name, item.relation::text, null::timestamptz, range_to, expirable.rows,
                           null::bigint, 'would delete rows'
                     where expirable.rows > 0;
            else
                return query
                    select item.kind, item.name, e.partition, e.range_from, e.range_to, e.rows, e.bytes, e.action
                      from rollup.expire_rollup(item.name, true) e;
            end if;
        -- A source that cannot expire does not hide what the others would lose.
        exception when wrong_object_type or object_not_in_prerequisite_state then
            return query
                select item.kind, item.name, item.relation::text, null::timestamptz, null::timestamptz, null::bigint,
                       null::bigint, concat('kept: ', sqlerrm);
        end;
    end loop;
end
$$;
comment on function rollup.expirable() is
    'What rollup.expire_all would remove now, and what prevents it; changes nothing.';
