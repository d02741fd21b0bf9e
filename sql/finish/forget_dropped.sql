-- Before triggers are created: a restored dump may have numbers of dropped tables.
do $$
begin
    perform rollup_internal.forget_dropped();
end
$$;
