-- Generated functions belong to the code: an upgrade writes them again, and the topn extension,
-- once it is there, is what they call.
do $$
declare
    rollup_name text;
begin
    for rollup_name in select name from rollup.rollups order by id loop
        perform rollup.create_function(rollup_name);
    end loop;
    perform rollup.distribute_state();
end
$$;
