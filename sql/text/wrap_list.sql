create or replace function rollup_internal.wrap_list(items text[], indent int, width int default 109)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
declare
    item text;
    line_length int := indent;
    wrapped text;
begin
    foreach item in array items loop
        if wrapped is null then
            wrapped := item;
        elsif line_length + length(item) + 2 <= width then
            wrapped := concat(wrapped, ', ', item);
        else
            wrapped := concat(wrapped, E',\n', repeat(' ', indent), item);
            line_length := indent - 2;
        end if;
        line_length := line_length + length(item) + 2;
    end loop;
    return coalesce(wrapped, '');
end
$$;
comment on function rollup_internal.wrap_list(text[], int, int) is
    'Items separated by commas, wrapped into short lines; the lines after the first are indented.';
