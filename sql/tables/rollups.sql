-- One row a rollup: its declaration, from which its function, its checks and its repairs follow.
create table if not exists rollup_internal.rollups (
    name          text        primary key,
    id            bigint      not null unique generated always as identity,
    family        bigint      not null references rollup_internal.families,
    source        regclass    not null,
    target        regclass    not null unique,
    function_name text        not null unique,
    tenant        name,
    id_column     name        not null,
    id_sequence   regclass    not null,
    time_column   name        not null,
    bucket        interval    not null,
    bucket_column name        not null,
    dimensions    text[]      not null,
    measures      json        not null,
    filter        text,
    work_mem      text        not null,
    time_zone     text,
    keep               interval,
    expired_before     timestamptz,
    partition_interval interval,
    revision           int         not null default 0,
    created_at    timestamptz not null default now(),
    newest_first  boolean,
    constraint name_is_given check (name <> ''),
    constraint bucket_is_positive check (bucket > interval '0')
);
comment on table rollup_internal.rollups is 'What the view rollup.rollups shows.';
