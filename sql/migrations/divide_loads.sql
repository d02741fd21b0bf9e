-- 0.2.0: loads have an id, and parts; channels have a position.
--
-- A load that is under way holds a lock on the table, and others would queue behind this one.
do $$
declare
    deadline constant timestamptz := clock_timestamp()
        + coalesce(nullif(current_setting('rollup.max_wait', true), ''), '10s')::interval;
    lock_timeout_before constant text := current_setting('lock_timeout');
begin
    if pg_catalog.to_regclass('rollup_internal.loads') is null
       or exists (select from pg_catalog.pg_attribute
                   where attrelid = pg_catalog.to_regclass('rollup_internal.loads') and attname = 'load_id') then
        return;
    end if;
    loop
        begin
            set local lock_timeout = '50ms';
            lock table rollup_internal.loads in access exclusive mode;
            exit;
        exception when lock_not_available then
            if clock_timestamp() >= deadline then
                raise exception using
                    errcode = 'lock_not_available',
                    message = 'could not lock table "rollup_internal.loads": rollupctl load is using it',
                    hint = 'Nothing was changed. Try again when the load has ended.';
            end if;
        end;
        perform pg_sleep(0.2);
    end loop;
    perform set_config('lock_timeout', lock_timeout_before, true);

    alter table rollup_internal.loads
        drop constraint loads_pkey,
        alter column sha256 drop not null,
        alter column rows set default 0,
        alter column bytes set default 0,
        add column load_id bigint not null generated always as identity,
        add column channel text,
        add column position text,
        add column rejected bigint not null default 0,
        add column duplicates bigint not null default 0,
        add column seconds double precision,
        add column begun_at timestamptz not null default now(),
        add column unloaded_rows bigint not null default 0,
        add column unloaded_at timestamptz,
        add constraint loads_pkey primary key (load_id),
        add constraint loads_source_table_sha256_key unique (source_table, sha256),
        add constraint loads_source_table_channel_key unique (source_table, channel),
        add constraint channels_never_finish check (channel is null or sha256 is null),
        add constraint unloaded_content_is_free check (unloaded_at is null or sha256 is null);
    update rollup_internal.loads set begun_at = loaded_at;
end
$$;
