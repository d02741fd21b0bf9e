-- The policy is restrictive, so that no other policy can widen what it allows. A restrictive policy alone hides all rows:
-- where the table has no permissive policy, one is added. Writing needs a privilege, but no tenant. The owner, superusers
-- and roles with BYPASSRLS, such as those that run rollups, are not restricted.
create or replace function rollup_internal.isolate_table(relation regclass, condition text)
    returns void
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set quote_all_identifiers = off
as $$
declare
    -- Unchanged policies are left alone, because replacing one locks out readers.
    present constant text := (select obj_description(p.oid, 'pg_policy') from pg_policy p
                               where p.polrelid = relation and p.polname = 'rollup_isolation');
    others boolean;
begin
    if condition is null and present is null or condition = present then
        return;
    end if;
    execute format('drop policy if exists rollup_isolation on %s', relation);
    if condition is null then
        if exists (select from pg_policy p where p.polrelid = relation and p.polname = 'rollup_rows') then
            execute format('drop policy rollup_rows on %s', relation);
            execute format('alter table %s disable row level security', relation);
        end if;
        return;
    end if;
    others := exists (select from pg_policy p where p.polrelid = relation and p.polpermissive);
    if not (select c.relrowsecurity from pg_class c where c.oid = relation) then
        execute format('alter table %s enable row level security', relation);
    end if;
    if not others then
        execute format('create policy rollup_rows on %s using (true)', relation);
    end if;
    execute format('create policy rollup_isolation on %s as restrictive using (%s) with check (true)', relation, condition);
    execute format('comment on policy rollup_isolation on %s is %L', relation, condition);
end
$$;
comment on function rollup_internal.isolate_table(regclass, text) is
    'Restricts the rows of a table to those that meet a condition, by row-level security; NULL removes the '
    'restriction.';
