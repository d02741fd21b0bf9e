-- The tutorial's dashboards merge sketches with sum(), which the hll extension does not define. The sketch type
-- itself is the state: only a superuser may use hll's internal state, and Citus can send partial states between
-- nodes only if they have a real type. hll_union is strict, so NULLs are skipped and no rows yield NULL, as with
-- hll_union_agg.
do $$
declare
    hll_schema constant name := (
        select n.nspname
          from pg_catalog.pg_extension x
          join pg_catalog.pg_namespace n on n.oid = x.extnamespace
         where x.extname = 'hll');
begin
    if hll_schema is null then
        return;
    end if;
    execute pg_catalog.format(
        'create or replace aggregate rollup_compat.sum(%1$I.hll) (
             sfunc = %1$I.hll_union,
             stype = %1$I.hll,
             combinefunc = %1$I.hll_union,
             parallel = safe
         )',
        hll_schema);
    execute pg_catalog.format(
        'comment on aggregate rollup_compat.sum(%I.hll) is %L',
        hll_schema, 'The union of sketches, as hll_union_agg makes it.');
end
$$;
