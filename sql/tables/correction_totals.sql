-- What a monitoring system reads must never fall, and what could not be corrected must not go unnoticed.
create table if not exists rollup_internal.correction_totals (
    rollup         text             primary key,
    buckets        bigint           not null default 0,
    rows           bigint           not null default 0,
    seconds        double precision not null default 0,
    last_at        timestamptz,
    left_buckets   bigint           not null default 0,
    last_left      text,
    last_left_at   timestamptz
);
comment on table rollup_internal.correction_totals is
    'What has been counted again since a rollup was declared because events had changed, and what was left as it is because '
    'raw events have expired.';
