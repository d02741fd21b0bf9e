create or replace function rollup_internal.exact_times_before(members text[])
    returns timestamptz
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (select nullif(max(rollup_internal.midnights_aligned_since(z.bucket, z.time_zone)), '-infinity')
              from (select distinct finest.bucket, member.time_zone
                      from rollup_internal.rollups finest, rollup_internal.rollups member
                     where finest.name = members[1] and finest.time_zone is null
                       and member.name = any (members) and member.time_zone is not null) z);
end
$$;
comment on function rollup_internal.exact_times_before(text[]) is
    'Events of a family before this time are also grouped by their exact time, because days of some member then '
    'began within buckets of the finest member. NULL if they never did.';
