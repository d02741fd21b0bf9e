-- A cast keeps 15 decimal digits only. Scaling by powers of two is exact and yields an integer. There is no SET
-- search_path, which would cost more than the rest for each group.
create or replace function rollup_internal.exact_numeric(value double precision)
    returns numeric
    language plpgsql
    immutable
    parallel safe
as $$
declare
    factor numeric := 1;
begin
    while pg_catalog.abs(value) < 134217728 and value <> 0 loop
        value := value * 134217728;
        factor := factor * 0.000000007450580596923828125;
    end loop;
    while pg_catalog.abs(value) >= 4611686018427387904 loop
        value := value / 134217728;
        factor := factor * 134217728;
    end loop;
    return value::bigint * factor;
end
$$;
comment on function rollup_internal.exact_numeric(double precision) is
    'A double of at most 27 significant bits (rollup_internal.high_part) as a numeric, exactly.';
