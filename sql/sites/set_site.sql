create or replace function rollup.set_site(
    site text, customer_id bigint default null, name text default null, time_zone text default null)
    returns bigint
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    sites constant regclass := rollup.find_sites();
    slug constant text := (rollup_internal.site_slugs(array[site]))[1];
    zone constant text := rollup_internal.validate_time_zone(time_zone);
    other text;
    number bigint;
begin
    if slug is null then
        raise exception using errcode = 'null_value_not_allowed', message = 'the name of a site is missing';
    end if;
    perform rollup_internal.require_read_committed('a site cannot be set');
    if customer_id is null then
        number := rollup.site_id(site);
    else
        -- A conflict is that of the slug or of the number, and may be with a session that commits only now.
        execute format('insert into %s (slug, name, customer_id) values ($1, $2, $3) on conflict do nothing', sites)
          using slug, btrim(site, E' \t\r\n\f\v'), customer_id;
        execute format('select s.customer_id from %s s where s.slug = $1', sites) into number using slug;
        if number is null then
            execute format('select s.slug from %s s where s.customer_id = $1', sites) into other using customer_id;
            raise exception using
                errcode = 'unique_violation',
                message = format('customer_id %s is the site %L', customer_id, other),
                hint = 'Give another customer_id, or none to have one made.';
        elsif number <> customer_id then
            raise exception using
                errcode = 'unique_violation',
                message = format('the site %L has the customer_id %s', slug, number),
                hint = 'It cannot change, because events and rollups have been stored with it.';
        end if;
    end if;
    execute format('update %s s set name = coalesce($2, s.name), time_zone = coalesce($3, s.time_zone)
                     where s.slug = $1 and ($2 is not null or $3 is not null)', sites)
      using slug, name, zone;
    return number;
end
$$;
comment on function rollup.set_site(text, bigint, text, text) is
    'Makes or changes a site and returns its customer_id. A given customer_id names an existing tenant; it cannot be '
    'changed afterwards. NULL leaves the name and the time zone as they are: at first the site''s own name and UTC. Raises '
    'unique_violation if the customer_id belongs to another site or the site has another.';
