create or replace function rollup.metrics_text()
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
    set standard_conforming_strings = on
    set extra_float_digits = 1
as $$
begin
    return (
        with samples as (
            select m.*, row_number() over (partition by m.metric order by m.place) as n_of_metric
              from rollup.metrics m
        ), lines as (
            select s.place, concat(
                       case when s.n_of_metric = 1 then
                           format(E'# HELP %1$s %2$s\n# TYPE %1$s %3$s\n', s.metric, s.help, s.kind) end,
                       s.sample,
                       '{' || (select string_agg(format('%s="%s"', l.key, regexp_replace(
                                         regexp_replace(l.value, '(["\\])', '\\\1', 'g'), E'\n', '\\n', 'g')), ',' order by l.key)
                                 from jsonb_each_text(s.labels) l) || '}',
                       ' ', s.value) as line
              from samples s
        )
        select string_agg(l.line || E'\n', '' order by l.place) from lines l);
end
$$;
comment on function rollup.metrics_text() is 'rollup.metrics in the text format of Prometheus.';
