-- A constraint of a table would refuse whatever comes; one of a domain is about the value. Of an error on a Citus
-- worker only the text is known.
create or replace function rollup_internal.is_fault_of_table(table_name text, state text, said text)
    returns boolean
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select state in ('23503', '23505', '23514', '23P01') and (table_name <> '' or said like 'new row for relation %');
end;
comment on function rollup_internal.is_fault_of_table(text, text, text) is
    'Whether an error is that of a constraint of a table, and not of an event.';
