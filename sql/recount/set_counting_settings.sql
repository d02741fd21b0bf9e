-- Functions that count events again use the settings of a run. SET clauses also restore what
-- rollup_internal.apply_counting_settings changes.
do $$
declare
    counting record;
begin
    for counting in
        select p.oid::regprocedure as function_name,
               pg_catalog.string_agg(pg_catalog.format('set %s to %L', s.name, s.value), ' ' order by s.place) as clauses
          from (values ('rollup.verify(text, timestamptz, timestamptz, text)', null),
                       ('rollup.rebuild(text, timestamptz, timestamptz, text, boolean)', null),
                       ('rollup_internal.correct_buckets(text, timestamptz, int)', null),
                       ('rollup_internal.fill_measures(text, timestamptz, timestamptz, text)', 'filling in')) f (name, only_for)
          join pg_catalog.pg_proc p on p.oid = f.name::regprocedure
          join rollup_internal.counting_settings() with ordinality s (name, value, only_for, place) on s.only_for is null or s.only_for = f.only_for
         where rollup_internal.may_set(s.name)
         group by p.oid
    loop
        execute pg_catalog.format('alter function %s %s', counting.function_name, counting.clauses);
    end loop;
end
$$;
