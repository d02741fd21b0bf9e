create or replace function rollup_internal.is_number(type_name text)
    returns boolean
    language sql
    immutable
    parallel safe
    return type_name = any ('{smallint,integer,bigint,numeric,real,double precision}');
comment on function rollup_internal.is_number(text) is 'Whether a type, by its name from format_type, is numeric.';
