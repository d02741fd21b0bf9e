-- One row a rollup: its declaration, from which its function, its checks and its repairs follow.
create table if not exists rollup.rollups (
    name          text        primary key,
    id            bigint      not null unique generated always as identity,
    family        bigint      not null references rollup.families,
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
    constraint name_is_given check (name <> ''),
    constraint bucket_is_positive check (bucket > interval '0')
);
comment on table rollup.rollups is 'Declared rollups. Written by rollup.create_rollup, rollup.alter_rollup and rollup.drop_rollup only.';
comment on column rollup.rollups.id is 'Names the rollup''s run lock.';
comment on column rollup.rollups.family is 'Rollups counted together, from one pass over the new events.';
comment on column rollup.rollups.function_name is 'Qualified and quoted name of the generated function that counts one window.';
comment on column rollup.rollups.tenant is 'Column of source and target that shards both; NULL for a rollup without tenants.';
comment on column rollup.rollups.id_sequence is 'Where source''s ids come from; its cache must be 1.';
comment on column rollup.rollups.dimensions is 'Columns of source, or "expression as name".';
comment on column rollup.rollups.measures is 'Target column to what it holds, e.g. {"visits": {"count": "*"}}.';
comment on column rollup.rollups.time_zone is 'The bucket is whole days or months of this zone; NULL for seconds counted from 2000-01-01 00:00 UTC.';
comment on column rollup.rollups.revision is 'How often rollup.alter_rollup has altered it.';
comment on column rollup.rollups.filter is 'Only events meeting this condition are counted; NULL for all.';
comment on column rollup.rollups.keep is 'How long rows are kept, see rollup.set_retention; NULL for ever.';
comment on column rollup.rollups.expired_before is
    'Rows of buckets that begin before this time have been removed: what is there came in late and is not whole.';
comment on column rollup.rollups.partition_interval is
    'Length of the partitions that rollup.maintain_partitions makes of target; NULL where it makes none.';
