-- Two sessions that make the same site both get the one that was made first: the second waits for the first to
-- commit. Slugs are inserted in their order, so that two sessions with the same names cannot wait for each other.
-- A session that makes sites in a long transaction holds up others that meet the same new names.
create or replace function rollup.site_ids(names text[], make boolean default true)
    returns table (name text, customer_id bigint)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    sites constant regclass := rollup.find_sites();
    given text[] := array(select distinct g from unnest(names) g where g is not null order by g);
    slugs constant text[] := rollup_internal.site_slugs(given);
    known text[];
begin
    execute format('select coalesce(array_agg(s.slug), ''{}'') from %s s where s.slug = any ($1)', sites)
       into known using slugs;
    if make and exists (select from unnest(slugs) s where s <> all (known)) then
        perform rollup_internal.require_read_committed('sites cannot be made');
        execute format(
            $statement$
                insert into %s (slug, name)
                select distinct on (n.slug collate "C") n.slug, n.name
                  from unnest($1, $2) n (slug, name)
                 where n.slug <> all ($3)
                 order by n.slug collate "C", n.name
                on conflict do nothing
            $statement$, sites) using slugs, array(select btrim(g, E' \t\r\n\f\v') from unnest(given) g), known;
    end if;
    return query execute format(
        'select g.name, s.customer_id from unnest($1, $2) g (name, slug) join %s s on s.slug = g.slug', sites)
        using given, slugs;
end
$$;
comment on function rollup.site_ids(text[], boolean) is
    'The number (customer_id) of each name in the table of sites. Unknown names become sites, unless make is false, in '
    'which case they are left out, as NULL always is. Case of ASCII letters and surrounding blanks do not matter. '
    'Safe to call in many sessions at once; call it in a short transaction, since others wait for new sites to be '
    'committed. Raises undefined_table without a table of sites, invalid_parameter_value for an empty name or one '
    'of more than 200 characters.';
