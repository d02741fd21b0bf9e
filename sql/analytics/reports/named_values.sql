-- The query is read token by token, so that a colon in a string, a quoted name, a comment or a cast is left alone, and so
-- is what values hold.
create or replace function rollup_analytics_internal.named_values(query text, literals jsonb)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
as $$
declare
    rest text := query;
    token text;
    tag text;
    answer text := '';
begin
    while rest <> '' loop
        tag := substring(rest from '^\$(?:[A-Za-z_][A-Za-z_0-9]*)?\$');
        token := case
            when tag is not null then
                coalesce(concat(tag, left(substr(rest, length(tag) + 1),
                    nullif(strpos(substr(rest, length(tag) + 1), tag), 0) - 1 + length(tag))), rest)
            when rest ~ '^/\*' then coalesce(left(rest, nullif(strpos(rest, '*/'), 0) + 1), rest)
            else coalesce(
                substring(rest from '^[eE]''(?:[^''\\]|''''|\\.)*'''),
                substring(rest from '^''(?:[^'']|'''')*'''),
                substring(rest from '^"(?:[^"]|"")*"'),
                substring(rest from '^--[^\n]*'),
                substring(rest from '^::'),
                substring(rest from '^:=?[A-Za-z_][A-Za-z_0-9]*'),
                substring(rest from '^[A-Za-z_0-9$]+'),
                left(rest, 1)) end;
        answer := concat(answer, case when token ~ '^:[A-Za-z_]' and literals ? substr(token, 2) then literals ->> substr(token, 2) else token end);
        rest := substr(rest, length(token) + 1);
    end loop;
    return answer;
end
$$;
comment on function rollup_analytics_internal.named_values(text, jsonb) is
    'A query in which :name is replaced by the literal of that name, except within strings, quoted names and comments.';
