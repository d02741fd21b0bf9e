-- With ORDER BY, the value of the first or the last event. array_agg would do the same, but holds all values of a group
-- in memory, and fails at 1 GB. The server sorts them on disk if necessary, and the aggregate keeps one.
create or replace aggregate rollup_internal.first_value_agg(value anyelement) (
    sfunc = rollup_internal.keep_first,
    stype = anyelement,
    parallel = safe
);
comment on aggregate rollup_internal.first_value_agg(anyelement) is
    'The first value that is not NULL, in the order of the aggregate''s ORDER BY.';
