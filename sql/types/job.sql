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
    'Where a job of many steps stands: what is still to be done, in turn, and what has failed. A value that '
    'the caller keeps between calls of rollup.next_step; also as text.';
