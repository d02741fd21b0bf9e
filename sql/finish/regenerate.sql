-- Generated functions belong to the code: an upgrade writes them again, and the topn extension,
-- once it is there, is what they call.
do $$
declare
    rollup_name text;
    family_id bigint;
begin
    for rollup_name in select name from rollup_internal.rollups order by id loop
        perform rollup_internal.create_rollup_function(rollup_name);
        perform rollup_internal.create_views(rollup_name);
    end loop;
    for family_id in select id from rollup_internal.families order by id loop
        perform rollup_internal.sync_family(family_id);
    end loop;
end
$$;
