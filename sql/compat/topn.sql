-- Immutable although it reads a setting, like the extension's function.
do $$
begin
    if pg_catalog.to_regtype('rollup_compat.topn_record') is null then
        create type rollup_compat.topn_record as (item text, frequency bigint);
    end if;
end
$$;
comment on type rollup_compat.topn_record is 'TopN. What topn returns: an item and how often it was counted.';

create or replace function rollup_compat.topn(top_items jsonb, n integer)
    returns setof rollup_compat.topn_record
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    counters constant integer := rollup_compat.topn_counters();
    items text[];
    frequencies bigint[];
begin
    select array_agg(rollup_compat.topn_stored_key(pair.key) order by pair.place),
           array_agg(least(trunc(pair.value::numeric), 9223372036854775807) order by pair.place)
      into items, frequencies
      from jsonb_each(case jsonb_typeof(top_items) when 'object' then top_items end)
           with ordinality pair(key, value, place)
     where jsonb_typeof(pair.value) = 'number';

    if items is null then
        return;
    end if;
    if n > counters then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('topn was asked for %s items, but topn.number_of_counters is %s', n, counters),
            hint = format('Ask for fewer, or: set topn.number_of_counters = %s', n);
    end if;

    return query
        select items[place], frequencies[place]
          from unnest(rollup_compat.topn_order(frequencies, n)) with ordinality ranked(place, rank)
         order by rank;
end
$$;
comment on function rollup_compat.topn(jsonb, integer) is
    'TopN. The n items with the largest counters, largest first.';
