-- The last statement but one of a transaction that loads, after its rows. A part that another session has recorded
-- meanwhile is not recorded again; the unique digest makes the slower of two wait for the faster. A channel commits
-- often, so a part that follows another extends its row, up to an hour or a million rows.
create or replace function rollup.record_part(
        load bigint,
        part_number int,
        row_count bigint,
        first_after bigint,
        rejected_count bigint default 0,
        digest bytea default null,
        size bigint default 0,
        new_position text default null,
        duration double precision default null,
        duplicate_count bigint default 0)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    loaded regclass;
    last_id bigint;
    own_ids int8multirange;
begin
    select l.source_table into loaded from rollup.loads l where l.load_id = load;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no load %s', load),
            hint = 'Call rollup.begin_part in the same transaction.';
    end if;
    last_id := case when first_after is not null then rollup_internal.last_drawn_id(loaded) end;
    own_ids := rollup_internal.part_ids(loaded, first_after, last_id, row_count);
    if digest is null then
        update rollup.load_parts p
           set rows = p.rows + row_count,
               rejected = p.rejected + rejected_count,
               duplicates = p.duplicates + duplicate_count,
               bytes = size,
               position = new_position,
               through_id = last_id,
               ids = p.ids + own_ids,
               loaded_at = now(),
               seconds = p.seconds + duration
         where p.load_id = load
           and p.part = part_number - 1
           and p.sha256 is null
           and p.rows + row_count <= 1000000
           and p.begun_at > now() - interval '1 hour'
           and p.loaded_by = current_user
           and (p.ids is null) = (own_ids is null);
    end if;
    if digest is not null or not found then
        insert into rollup.load_parts (load_id, part, source_table, sha256, bytes, position, rows, rejected, duplicates,
                                       after_id, through_id, ids, seconds)
        values (load, part_number, loaded, digest, size, new_position, row_count, rejected_count,
                duplicate_count, first_after, last_id, own_ids, duration)
            on conflict do nothing;
        if not found then
            return false;
        end if;
    end if;
    update rollup.loads l
       set rows = l.rows + row_count,
           rejected = l.rejected + rejected_count,
           duplicates = l.duplicates + duplicate_count,
           bytes = size,
           position = new_position,
           after_id = case when l.rows + l.rejected + l.duplicates = 0 then first_after else l.after_id end,
           through_id = last_id,
           loaded_at = now(),
           loaded_by = current_user,
           seconds = coalesce(l.seconds, 0) + duration
     where l.load_id = load;
    return true;
end
$$;
comment on function rollup.record_part(bigint, int, bigint, bigint, bigint, bytea, bigint, text, double precision, bigint) is
    'Records a part in the transaction of its rows: their number, the last id before them (from rollup.begin_part), '
    'rejected rows, those left out for their event keys, the SHA-256 and the size of the content up to the end of the part or the position of the channel, '
    'and seconds. Returns false if the part is already loaded: then the transaction must be rolled back.';
