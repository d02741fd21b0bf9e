-- Planning a query over thousands of partitions takes longer than monitoring may take. A condition on the time restricts
-- it to the partitions of the last hours, where new events are. Every source is asked about, so the partitions of all of
-- them count; one that has few is read as a whole in any case.
create or replace function rollup_internal.recent_since(source regclass)
    returns timestamptz
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    few constant int := 20;
    many constant int := 200;
begin
    if (select count(*) from (select from pg_inherits i where i.inhparent = source limit few + 1) p) <= few
       or (select count(*) from (select from pg_inherits i
                                  where i.inhparent in (select r.source from rollup_internal.rollups r)
                                  limit many + 1) p) <= many then
        return null;
    end if;
    return now() - interval '6 hours';
end
$$;
comment on function rollup_internal.recent_since(regclass) is
    'The time from which monitoring reads events of a source with more than 20 partitions, if all sources together have '
    'more than 200; NULL for all others, which are read as a whole.';
