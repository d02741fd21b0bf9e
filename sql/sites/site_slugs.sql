-- Names of sites are mostly names of hosts, in which the case of ASCII letters means nothing. The case of other
-- letters depends on a language, so that it stays; lower() in the collation of the database might make a dotless i.
create or replace function rollup_internal.site_slugs(names text[])
    returns text[]
    language plpgsql
    stable
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    is_utf8 constant boolean := getdatabaseencoding() = 'UTF8';
    given text;
    slug text;
    slugs text[] := '{}';
begin
    foreach given in array names loop
        slug := btrim(given, E' \t\r\n\f\v');
        if is_utf8 then
            slug := normalize(slug, nfc);
        end if;
        slug := lower(slug collate "C");
        if slug = '' or length(slug) > 200 or slug ~ '[[:cntrl:]]' then
            raise exception using
                errcode = 'invalid_parameter_value',
                message = case when slug = '' then 'the name of a site is empty'
                               when length(slug) > 200 then format('the name of a site is longer than 200 characters: %s…', left(slug, 40))
                               else format('the name of a site has control characters: %L', slug) end;
        end if;
        slugs := slugs || slug;
    end loop;
    return slugs;
end
$$;
comment on function rollup_internal.site_slugs(text[]) is
    'The slug of each name, by which sites are compared: without surrounding blanks, ASCII letters in lower case, in '
    'Unicode''s composed form. NULL stays NULL. Raises invalid_parameter_value for a name that is empty, longer than '
    '200 characters, or has control characters.';
