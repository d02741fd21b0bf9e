-- The first statement of a transaction that loads. The row of the load is locked until its end, so that the loaders of
-- one content, or of one channel, take turns. Each then sees what the other has committed, and goes on from there. A
-- content whose beginning is unknown gets a new load, which is rolled back if record_part finds that the part exists.
create or replace function rollup.begin_part(
        source_table regclass,
        source_name text,
        load bigint default null,
        channel text default null,
        expected_position text default null,
        out load_id bigint,
        out part int,
        out bytes bigint,
        out "position" text,
        out is_finished boolean,
        out after_id bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    found_load rollup.loads;
begin
    perform rollup_internal.require_not_replaced(begin_part.source_table);
    if begin_part.channel is not null then
        insert into rollup.loads (source_table, file_name, channel)
        values (begin_part.source_table, source_name, begin_part.channel)
            on conflict do nothing;
        select * into strict found_load from rollup.loads l
         where l.source_table = begin_part.source_table and l.channel = begin_part.channel
           for update;
        if expected_position is distinct from found_load.position and expected_position is not null then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('channel %I is at position %s, not %s', begin_part.channel,
                                 coalesce(found_load.position, '(none)'), expected_position),
                detail = 'Another loader of this channel has committed since.',
                hint = 'Go on from the position of the channel.';
        end if;
    elsif load is not null then
        select * into found_load from rollup.loads l
         where l.source_table = begin_part.source_table and l.load_id = load
           for update;
        if not found then
            raise exception using
                errcode = 'undefined_object',
                message = format('there is no load %s of %s', load, begin_part.source_table),
                hint = 'See rollup.loads.';
        elsif found_load.unloaded_rows > 0 or found_load.unloaded_at is not null then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('load %s is %s', load,
                                 case when found_load.unloaded_at is null then 'being unloaded' else 'unloaded' end),
                hint = format('Call rollup.unload(%s), then load the content as a new one.', load);
        end if;
    else
        insert into rollup.loads (source_table, file_name)
        values (begin_part.source_table, source_name)
        returning * into found_load;
    end if;
    select coalesce(max(p.part), 0) + 1 into part from rollup.load_parts p where p.load_id = found_load.load_id;
    load_id := found_load.load_id;
    bytes := found_load.bytes;
    "position" := found_load.position;
    is_finished := found_load.sha256 is not null;
    after_id := rollup_internal.last_drawn_id(begin_part.source_table);
end
$$;
comment on function rollup.begin_part(regclass, text, bigint, text, text) is
    'Begins a transaction that loads a part of a content (load NULL for a new one), or the next events of a channel. '
    'Returns where that load stands, and the last id drawn before, for rollup.record_part. With expected_position, '
    'fails if the channel is elsewhere.';
