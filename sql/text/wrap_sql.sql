-- Breaks a line before the clauses of a query, the branches of a CASE or the operands of AND and OR, otherwise
-- inside the longest pair of brackets or between terms. Lines are broken only at spaces. Text that could be a
-- comment, or a string whose end is not certain, is left unchanged.
create or replace function rollup_internal.wrap_sql(sql text, indent int, width int default 109)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
as $$
declare
    quoted constant text := '''(?:[^'']|'''')*''|"(?:[^"]|"")*"';
    tokens text[];
    word text;
    depth int := 0;
    cases int := 0;
    opened int;
    cuts jsonb := '{"clause": [], "branch": [], "result": [], "operand": [], "term": []}';
    kind text;
    starts int[];
    first_bracket int := 0;
    last_bracket int := 0;
    wrapped text;
    rest text;
    items text[];
begin
    if length(sql) + indent <= width or sql ~ '\\'
       or regexp_replace(sql, quoted, '', 'g') ~ '[$\n''"]|--|/\*' then
        return sql;
    end if;
    tokens := array(select m[1] from regexp_matches(sql, concat('(', quoted, '|\w+| +|.)'), 'g') m);
    for i in 1 .. cardinality(tokens) loop
        if tokens[i] in ('(', '[') then
            depth := depth + 1;
            opened := case when depth = 1 then i else opened end;
        elsif tokens[i] in (')', ']') then
            depth := depth - 1;
            if depth = 0 and i - opened > last_bracket - first_bracket then
                first_bracket := opened;
                last_bracket := i;
            end if;
        elsif depth = 0 then
            word := lower(tokens[i] collate "C");
            kind := case when word in ('from', 'where', 'group', 'order') and sql ilike 'select %' then 'clause'
                         when word in ('when', 'else', 'end') and cases = 1 then 'branch'
                         when word = 'then' and cases = 0 then 'result'
                         when word in ('and', 'or') and cases = 0 then 'operand'
                         when word in ('+', '-', '*', '/', 'as', 'order') then 'term' end;
            cases := cases + case word when 'case' then 1 when 'end' then -1 else 0 end;
            if kind is not null and tokens[i - 1] like ' %' then
                cuts := jsonb_insert(cuts, array[kind, '-1'], to_jsonb(i), true);
            end if;
        end if;
    end loop;

    select c.key, array_append(array(select n::int from jsonb_array_elements_text(c.value) n), cardinality(tokens) + 1)
      into kind, starts
      from jsonb_each(cuts) c
     where c.value <> '[]' and (c.key <> 'term' or last_bracket = 0)
     order by array_position('{clause,branch,result,operand,term}', c.key)
     limit 1;
    if found then
        items := array[rtrim(array_to_string(tokens[:starts[1] - 1], ''))];
        for i in 1 .. cardinality(starts) - 1 loop
            items := items || rtrim(array_to_string(tokens[starts[i]:starts[i + 1] - 1], ''));
        end loop;
        return (select string_agg(case when n = 1 then rollup_internal.wrap_sql(item, indent, width)
                                       else concat(repeat(' ', lead), rollup_internal.wrap_sql(item, lead, width)) end,
                                  E'\n' order by n)
                  from unnest(items) with ordinality x (item, n)
                 cross join lateral (select indent + case when item ilike 'from %' and kind = 'clause' then 2
                                                          when kind = 'clause' then 1
                                                          when item ~* '^end\M' then 0 else 4 end) l (lead));
    end if;

    if last_bracket = 0 then
        return sql;
    end if;
    items := '{""}';
    for i in first_bracket + 1 .. last_bracket - 1 loop
        depth := depth + case when tokens[i] in ('(', '[') then 1 when tokens[i] in (')', ']') then -1 else 0 end;
        if tokens[i] = ',' and depth = 0 and tokens[first_bracket + 1] <> 'select' then
            items := items || ''::text;
        else
            items[cardinality(items)] := items[cardinality(items)] || tokens[i];
        end if;
    end loop;
    items := array(select rollup_internal.wrap_sql(btrim(item), indent + 4, width) from unnest(items) item);
    wrapped := case when exists (select from unnest(items) item where item ~ '\n')
                    then array_to_string(items, E',\n' || repeat(' ', indent + 4))
                    else rollup_internal.wrap_list(items, indent + 4, width) end;
    rest := array_to_string(tokens[last_bracket:], '');
    return concat(array_to_string(tokens[:first_bracket], ''), E'\n', repeat(' ', indent + 4), wrapped,
                  case when length(regexp_replace(wrapped, '.*\n', '')) + length(rest) + indent + 4 > width
                       then E'\n' || repeat(' ', indent) end, rest);
end
$$;
comment on function rollup_internal.wrap_sql(text, int, int) is
    'An expression wrapped into short lines where possible; the lines after the first are indented.';
