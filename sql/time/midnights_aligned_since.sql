-- In the era of local mean time, midnight in a zone fell on an arbitrary second of UTC. For about a hundred years
-- it has fallen on whole quarters of an hour, in most zones on whole hours.
--
-- A declaration asks this several times, so the days are examined from the last one backwards until one is uneven: in the
-- list of a SELECT, generate_series returns them one by one.
create or replace function rollup_internal.midnights_aligned_since(bucket interval, time_zone text)
    returns timestamptz
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
as $$
declare
    grain constant bigint := extract(epoch from bucket);
    uneven timestamp;
begin
    if mod(86400, extract(epoch from bucket)) <> 0 then
        return 'infinity';
    end if;
    select d into uneven
      from (select generate_series(timestamp '2100-01-01', timestamp '1800-01-01', interval '-1 day') as d) days
     where date_part('epoch', timezone(time_zone, d))::bigint % grain <> 0
     limit 1;
    return case when uneven > timestamp '2000-01-01' then 'infinity'
                when uneven is null then '-infinity'
                else timezone('UTC', uneven + interval '2 days') end;
end
$$;
comment on function rollup_internal.midnights_aligned_since(interval, text) is
    'Since when every day of a time zone has begun at the start of a bucket of UTC; infinity if that is not true '
    'since 2000, -infinity if it has always been true.';
