-- A constraint of a table would reject every event; a constraint of a domain rejects values. Only the text of an
-- error on a Citus worker is known.
create or replace function rollup_internal.is_fault_of_table(table_name text, state text, said text)
    returns boolean
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
begin atomic
    select state in ('23503', '23505', '23514', '23P01') and (table_name <> '' or said like 'new row for relation %');
end;
comment on function rollup_internal.is_fault_of_table(text, text, text) is
    'Whether an error was raised by a constraint of a table rather than by an event.';
