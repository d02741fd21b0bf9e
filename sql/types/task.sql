do $$
begin
    if pg_catalog.to_regtype('rollup.task') is null then
        create type rollup.task as (
            waiting  text[],
            failures text[],
            put_off  boolean
        );
    end if;
end
$$;
comment on type rollup.task is 'Where run_all stands: families still to run, in turn, each by the name of a member, and what failed; put_off while nothing worse did.';
