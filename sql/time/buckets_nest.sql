create or replace function rollup_internal.buckets_nest(
    fine interval, fine_zone text, coarse interval, coarse_zone text)
    returns boolean
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    fine_months constant numeric := extract(year from fine) * 12 + extract(month from fine);
    coarse_months constant numeric := extract(year from coarse) * 12 + extract(month from coarse);
begin
    return case
        when fine_zone is null and coarse_zone is null then
            mod(extract(epoch from coarse), extract(epoch from fine)) = 0
        when fine_zone is null then rollup_internal.midnights_aligned_since(fine, coarse_zone) < 'infinity'
        when fine_zone is distinct from coarse_zone then false
        when fine_months > 0 then mod(coarse_months, fine_months) = 0 and coarse_months > 0
        when coarse_months > 0 then fine = interval '1 day'
        else mod(extract(day from coarse), extract(day from fine)) = 0 end;
end
$$;
comment on function rollup_internal.buckets_nest(interval, text, interval, text) is
    'Whether buckets can be fed from finer ones (each with its time zone, or NULL), that is, whether every '
    'coarse bucket consists of whole fine ones, at least since 2000 (rollup_internal.midnights_aligned_since).';
