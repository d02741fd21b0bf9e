-- What users call and read is in rollup, all the rest in rollup_internal. sql/compat makes a third one.
create schema if not exists rollup;
comment on schema rollup is 'Rollups: incremental aggregates that count every committed event exactly once.';

create schema if not exists rollup_internal;
comment on schema rollup_internal is
    'State, functions and generated objects of the rollup package; schema rollup is its interface.';
