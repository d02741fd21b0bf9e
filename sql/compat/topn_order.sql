-- The extension returns equal frequencies in an order that looks random but is not: it results from the server's
-- quicksort of the object's pairs (Bentley and McIlroy, "Engineering a sort function", SP&E 23, 1993: insertion
-- sort below 7 elements, a test for sorted input, median of 3 or of 3 times 3 as pivot, equal elements collected
-- at both ends and then moved to the middle). Lists are truncated at ties, so a dashboard shows the same items
-- with and without the extension only if the same algorithm is used here. Ranges beyond the last requested
-- position stay unsorted, because they cannot affect the result.
create or replace function rollup_compat.topn_median(
    i integer, fi bigint, j integer, fj bigint, k integer, fk bigint)
    returns integer
    language sql
    immutable
    parallel safe
    return case
        when fi > fj then case when fj > fk then j when fi > fk then k else i end
        else case when fj < fk then j when fi > fk then i else k end
    end;
comment on function rollup_compat.topn_median(integer, bigint, integer, bigint, integer, bigint) is
    'TopN stand-in, internal. Which of three places holds the median frequency.';

create or replace function rollup_compat.topn_order(f bigint[], wanted integer)
    returns integer[]
    language plpgsql
    immutable
    strict
    parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- element p[i] of f stands at place i
    p integer[] := array(select generate_subscripts(f, 1));
    moved integer;
    -- the ranges still to be sorted: a stack
    firsts integer[] := array[1];
    lasts integer[] := array[cardinality(f)];
    depth integer := 1;
    lo integer;
    hi integer;
    size integer;
    -- places lo..a-1 and d+1..hi equal the pivot, a..b-1 are above, c+1..d below, b..c unseen
    a integer;
    b integer;
    c integer;
    d integer;
    m integer;
    step integer;
    pivot bigint;
begin
    while depth > 0 loop
        lo := firsts[depth];
        hi := lasts[depth];
        size := hi - lo + 1;
        depth := depth - 1;
        continue when lo > wanted;

        if size < 7 then
            for i in lo + 1 .. hi loop
                b := i;
                moved := p[i];
                while b > lo and f[p[b - 1]] < f[moved] loop
                    p[b] := p[b - 1];
                    b := b - 1;
                end loop;
                p[b] := moved;
            end loop;
            continue;
        end if;

        b := lo + 1;
        while b <= hi and f[p[b - 1]] >= f[p[b]] loop
            b := b + 1;
        end loop;
        continue when b > hi;

        a := lo;
        m := lo + size / 2;
        d := hi;
        if size > 40 then
            step := size / 8;
            a := rollup_compat.topn_median(
                a, f[p[a]], a + step, f[p[a + step]], a + 2 * step, f[p[a + 2 * step]]);
            m := rollup_compat.topn_median(
                m - step, f[p[m - step]], m, f[p[m]], m + step, f[p[m + step]]);
            d := rollup_compat.topn_median(
                d - 2 * step, f[p[d - 2 * step]], d - step, f[p[d - step]], d, f[p[d]]);
        end if;
        if size > 7 then
            m := rollup_compat.topn_median(a, f[p[a]], m, f[p[m]], d, f[p[d]]);
        end if;
        moved := p[lo]; p[lo] := p[m]; p[m] := moved;
        pivot := f[p[lo]];

        a := lo + 1;
        b := a;
        c := hi;
        d := hi;
        loop
            while b <= c and f[p[b]] >= pivot loop
                if f[p[b]] = pivot then
                    moved := p[a]; p[a] := p[b]; p[b] := moved;
                    a := a + 1;
                end if;
                b := b + 1;
            end loop;
            while b <= c and f[p[c]] <= pivot loop
                if f[p[c]] = pivot then
                    moved := p[c]; p[c] := p[d]; p[d] := moved;
                    d := d - 1;
                end if;
                c := c - 1;
            end loop;
            exit when b > c;
            moved := p[b]; p[b] := p[c]; p[c] := moved;
            b := b + 1;
            c := c - 1;
        end loop;

        -- the equal ones change places with the inner ends of what is above and below
        size := least(a - lo, b - a);
        for i in 0 .. size - 1 loop
            moved := p[lo + i]; p[lo + i] := p[b - size + i]; p[b - size + i] := moved;
        end loop;
        size := least(d - c, hi - d);
        for i in 0 .. size - 1 loop
            moved := p[b + i]; p[b + i] := p[hi - size + 1 + i]; p[hi - size + 1 + i] := moved;
        end loop;

        firsts[depth + 1] := lo;
        lasts[depth + 1] := lo + (b - a) - 1;
        firsts[depth + 2] := hi - (d - c) + 1;
        lasts[depth + 2] := hi;
        depth := depth + 2;
    end loop;
    return p[:wanted];
end
$$;
comment on function rollup_compat.topn_order(bigint[], integer) is
    'TopN stand-in, internal. The subscripts of the largest frequencies, in the extension''s order.';
