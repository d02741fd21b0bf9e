-- Objects for users are in rollup, all others in rollup_internal. sql/compat creates a third schema.
create schema if not exists rollup;
comment on schema rollup is 'Rollups: incremental aggregates that count every committed event exactly once.';

create schema if not exists rollup_internal;
comment on schema rollup_internal is
    'State, functions and generated objects of the rollup package; schema rollup is its interface.';
