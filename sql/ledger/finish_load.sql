-- In the transaction of the last part. The digest is that of the file as it is, the digests of parts those of its text
-- in UTF-8, so one content may have been loaded in parts of different digests.
create or replace function rollup.finish_load(load bigint, digest bytea)
    returns boolean
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
begin
    update rollup.loads l set sha256 = digest where l.load_id = load and l.channel is null;
    if not found then
        raise exception using
            errcode = 'undefined_object',
            message = format('there is no load %s', load),
            hint = 'Call rollup.begin_part in the same transaction.';
    end if;
    return true;
exception when unique_violation then
    return false;
end
$$;
comment on function rollup.finish_load(bigint, bytea) is
    'Records that all of a content is loaded, and its SHA-256. Returns false if the same content is already loaded: '
    'then the transaction must be rolled back.';
