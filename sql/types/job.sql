do $$
begin
    if pg_catalog.to_regtype('rollup.job') is null then
        create type rollup.job as (
            waiting  jsonb[],
            failures jsonb[]
        );
    end if;
end
$$;
comment on type rollup.job is
    'State of a job of many steps: the remaining items, in order, and the failures so far. The caller keeps this '
    'value between calls of rollup.next_step; it can be stored as text.';
