-- By Hall's theorem, different events can serve the first k steps if for each set of these steps as many events as it
-- has steps can serve one of them. The sets of the first k steps are the numbers below 2 ^ k, so one walk over all sets
-- answers for every k, and ends where one is not reached in time.
--
-- One pass over the events of a user, the latest first. Of the later events, as many of each mask as there are steps are
-- kept, because no set needs more of them.
create or replace function rollup_analytics_internal.any_order_steps(
    masks int[], times timestamptz[], steps int, within interval, out at timestamptz, out reached timestamptz[])
    returns setof record
    language plpgsql
    immutable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    kept_masks int[] := '{}';
    kept_times timestamptz[] := '{}';
    seen int;
    needed int;
    served timestamptz;
    complete timestamptz;
begin
    for i in 1 .. cardinality(masks) loop
        kept_masks := masks[i] || kept_masks;
        kept_times := times[i] || kept_times;
        seen := 0;
        for n in 1 .. cardinality(kept_masks) loop
            if kept_masks[n] = masks[i] then
                seen := seen + 1;
                if seen > steps then
                    kept_masks := kept_masks[:n - 1] || kept_masks[n + 1:];
                    kept_times := kept_times[:n - 1] || kept_times[n + 1:];
                    exit;
                end if;
            end if;
        end loop;
        continue when times[i] = times[i + 1];
        at := times[i];
        reached := '{}';
        complete := at;
        for chosen in 1 .. (1 << steps) - 1 loop
            needed := bit_count(chosen::bit(32));
            served := null;
            for n in 1 .. cardinality(kept_masks) loop
                if kept_masks[n] & chosen <> 0 then
                    needed := needed - 1;
                    if needed = 0 then
                        served := kept_times[n];
                        exit;
                    end if;
                end if;
            end loop;
            exit when coalesce(served > at + within, true);
            complete := greatest(complete, served);
            if chosen & (chosen + 1) = 0 then
                reached := reached || complete;
            end if;
        end loop;
        return next;
    end loop;
end
$$;
comment on function rollup_analytics_internal.any_order_steps(int[], timestamptz[], int, interval) is
    'For each time of a user''s events, the latest first: when its first k steps had been reached in any order from then on, '
    'for each k, by events that can serve the steps in their masks. Shorter where a step is not reached within a time.';
