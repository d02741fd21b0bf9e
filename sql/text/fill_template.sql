-- All values are substituted in one pass, so braces inside a value are never taken for a placeholder. Only lines
-- of the template are indented: a line break in a value may be part of a quoted name or a string.
create or replace function rollup_internal.fill_template(template text, fills jsonb, indent int default 0)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
as $$
declare
    placeholder constant text := '\{([a-z][a-z_]*)\}';
    names constant text[] := array(select m[1] from regexp_matches(template, placeholder, 'g') m);
    indented constant text := regexp_replace(template, '\n(?!\n|$)', E'\n' || repeat(' ', indent), 'g');
    wrong text;
begin
    if names <> '{}' and (jsonb_strip_nulls(fills) ?& names) is not true then
        select n into wrong from unnest(names) n where fills ->> n is null limit 1;
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('template has no value for the placeholder {%s}', wrong),
            detail = template;
    end if;
    if fills - names <> '{}' then
        select k into wrong from jsonb_object_keys(fills) k where k <> all (names) limit 1;
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('template has no placeholder for the value "%s"', wrong),
            detail = template;
    end if;
    return (select string_agg(concat(u.piece, fills ->> u.name), '' order by u.position)
              from rows from (regexp_split_to_table(indented, placeholder), unnest(names))
                   with ordinality u (piece, name, position));
end
$$;
comment on function rollup_internal.fill_template(text, jsonb, int) is
    'A template with its {placeholders} replaced by values, and its lines after the first indented. Raises '
    'invalid_parameter_value for a placeholder without a value and a value without a placeholder.';
