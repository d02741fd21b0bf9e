-- Stand-ins for what other extensions would bring. They have a schema of their own, which comes
-- after public in search_path: when the real thing arrives in public, CREATE EXTENSION finds no
-- name taken, and callers find its objects first.
create schema if not exists rollup_compat;
comment on schema rollup_compat is
    'What the server lacks, in SQL: TopN where the topn extension is missing, and sum(hll).';
