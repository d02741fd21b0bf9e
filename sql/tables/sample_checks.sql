-- What rollup.check_samples has compared. A difference stays here until its tenant and bucket are compared again and agree.
create table if not exists rollup_internal.sample_checks (
    rollup       text             primary key,
    last_at      timestamptz      not null,
    last_samples bigint           not null,
    samples      bigint           not null,
    seconds      double precision not null,
    differences  bigint           not null default 0,
    differed_at  timestamptz,
    differing    jsonb            not null default '[]'
);
comment on table rollup_internal.sample_checks is 'What rollup.check_samples has compared for each rollup, and what differed.';
comment on column rollup_internal.sample_checks.differing is 'Tenants and buckets that differ, at most 20: [{"tenant", "bucket", "said"}].';
