do $$
begin
    if pg_catalog.to_regtype('rollup_internal.job') is null then
        create type rollup_internal.job as (
            waiting       text[],
            failures      text[],
            only_deferred boolean
        );
    end if;
end
$$;
comment on type rollup_internal.job is 'Where run_all stands: families still to run, in turn, each by the name of a member, and what failed; only_deferred while nothing worse did.';
