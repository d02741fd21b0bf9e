-- Replacements for objects of other extensions. They have a schema of their own, after public in search_path: when
-- the extension itself is created in public later, no name is taken, and callers find its objects first.
create schema if not exists rollup_compat;
comment on schema rollup_compat is
    'SQL replacements for what the server lacks: TopN without the topn extension, sum(hll), and hll_add_agg for groups of few values.';
