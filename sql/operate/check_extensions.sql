create or replace function rollup_internal.check_extensions(
    out check_name text, out status text, out finding text, out todo text)
    returns setof record
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    x record;
begin
    check_name := 'package';
    status := 'ok';
    finding := 'rollup ' || rollup.version() || ', PostgreSQL ' || current_setting('server_version');
    return next;

    for x in
        select w.name, w.purpose, w.needed, e.extversion, a.default_version
          from (values ('hll', 'distinct counts', true),
                       ('topn', 'top lists in C; SQL functions stand in', false),
                       ('tdigest', 'medians and percentiles', false),
                       ('pg_partman', 'partitions of sources; the package stands in', false),
                       ('pg_cron', 'schedules', false),
                       ('citus', 'sharding', false)) w (name, purpose, needed)
          left join pg_extension e on e.extname = w.name
          left join pg_available_extensions a on a.name = w.name
         order by w.needed desc, w.name
    loop
        check_name := 'extension ' || x.name;
        finding := coalesce(x.extversion, case when x.default_version is null then 'not offered by this server'
                                             else 'offered, not created' end) || ' (' || x.purpose || ')';
        todo := null;
        status := 'ok';
        if x.extversion is null and x.needed then
            status := 'fail';
            todo := 'create extension ' || x.name;
        elsif x.extversion is null and x.default_version is not null and x.name = 'topn' then
            status := 'warn';
            todo := 'create extension topn; then install the package again (rollupctl install)';
        elsif x.extversion is not null and x.name = 'topn'
              and exists (select from rollup_internal.rollups r where pg_get_functiondef(
                              to_regprocedure(r.function_name || '(bigint)')) like '%rollup_compat.topn%') then
            status := 'warn';
            finding := finding || '; generated functions still call the SQL functions';
            todo := 'install the package again (rollupctl install)';
        end if;
        return next;
    end loop;
end
$$;
comment on function rollup_internal.check_extensions() is
    'Part of rollup.doctor: versions of the server, the package and extensions.';
