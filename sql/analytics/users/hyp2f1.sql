-- The power series, summed until further terms no longer change the total.
create or replace function rollup_analytics_internal.hyp2f1(
    a double precision, b double precision, c double precision, z double precision)
    returns double precision
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    term double precision := 1;
    total double precision := 1;
    n int := 0;
begin
    if abs(z) >= 1 then
        raise exception using
            errcode = 'numeric_value_out_of_range',
            message = format('the hypergeometric series needs an argument between -1 and 1, not %s', z);
    end if;
    loop
        term := term * (a + n) / (c + n) * (b + n) / (n + 1) * z;
        total := total + term;
        n := n + 1;
        exit when abs(term) <= abs(total) * 1e-16 or n > 1000000;
    end loop;
    return total;
end
$$;
comment on function rollup_analytics_internal.hyp2f1(double precision, double precision, double precision, double precision) is
    'The Gauss hypergeometric function 2F1(a, b; c; z) for |z| < 1.';
