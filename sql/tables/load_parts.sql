-- The transactions of each load. The row of a part commits together with its events. The digest covers the content
-- from its beginning to the end of the part: a loader that finds the beginning of its content here skips that part, so
-- an interrupted load resumes, and two loaders of one content load it once.
create table if not exists rollup_internal.load_parts (
    load_id      bigint         not null references rollup_internal.loads on delete cascade,
    part         integer        not null,
    source_table regclass       not null,
    sha256       bytea,
    bytes        bigint         not null default 0,
    position     text,
    rows         bigint         not null default 0,
    rejected     bigint         not null default 0,
    duplicates   bigint         not null default 0,
    after_id     bigint,
    through_id   bigint,
    ids          int8multirange,
    loaded_by    name           not null default current_user,
    begun_at     timestamptz    not null default now(),
    loaded_at    timestamptz    not null default now(),
    seconds      double precision,
    primary key (load_id, part),
    constraint load_parts_source_table_sha256_key unique (source_table, sha256),
    constraint sha256_has_32_bytes check (length(sha256) = 32)
);
comment on table rollup_internal.load_parts is 'What the view rollup.load_parts shows.';
-- Loads of versions without parts.
insert into rollup_internal.load_parts (load_id, part, source_table, sha256, bytes, rows, after_id, through_id, ids,
                                        loaded_by, begun_at, loaded_at)
select l.load_id, 1, l.source_table, l.sha256, l.bytes, l.rows, l.after_id, l.through_id,
       case when l.through_id - l.after_id = l.rows
            then int8multirange(int8range(l.after_id, l.through_id, '(]')) end,
       l.loaded_by, l.begun_at, l.loaded_at
  from rollup_internal.loads l
 where l.sha256 is not null
   and not exists (select from rollup_internal.load_parts p where p.load_id = l.load_id)
    on conflict do nothing;
