-- How far each node's ids had come, and who was writing, at moments when a run was put off. Once
-- those writers are gone, everything up to those ids can be counted, whoever has begun to write
-- since: without this, long transactions that overlap would hold a rollup back for ever.
create table if not exists rollup.samples (
    source   regclass    not null,
    taken_at timestamptz not null,
    heads    jsonb       not null,
    writers  text[]      not null
);
create index if not exists samples_source_taken_at_idx on rollup.samples (source, taken_at);
comment on table rollup.samples is 'What runs that were put off saw; kept for a day, 20 a source at most.';
comment on column rollup.samples.heads is 'Last id handed out, by node group: {"0": {"last_id": 17}, …}.';
comment on column rollup.samples.writers is 'Open writers as node group:virtual transaction.';
