-- hll_add_agg keeps 128 kB for each group, which a group of few values pays for setting up and for returning to the
-- system. Here the state is the sketch itself. Each value is added to the stored form, which is much slower for large
-- groups. Both give the same sketch. An aggregate has no parameters, so there is one for each size, named after its
-- log2m. Its initial state is the text of hll_empty(log2m, 5, -1, 1).
--
-- Created by the installation, because a role that declares may not create functions here.
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
    for log2m in 4 .. 17 loop
        execute pg_catalog.format(
            'create or replace aggregate rollup_compat.distinct_agg_%2$s(%1$I.hll_hashval) (
                 sfunc = %1$I.hll_add,
                 stype = %1$I.hll,
                 initcond = %3$L,
                 combinefunc = %1$I.hll_union,
                 parallel = safe
             )',
            hll_schema, log2m, pg_catalog.format(E'\\x11%s7f', pg_catalog.to_hex(128 + log2m)));
        execute pg_catalog.format(
            'comment on aggregate rollup_compat.distinct_agg_%2$s(%1$I.hll_hashval) is %3$L',
            hll_schema, log2m, pg_catalog.format('As hll_add_agg(value, %s, 5, -1, 1), for groups of few values.', log2m));
    end loop;
end
$$;
