create or replace function rollup_analytics_internal.refunds_text()
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    return $text$amount < 0 and status is distinct from 'failed'$text$;
comment on function rollup_analytics_internal.refunds_text() is
    'The condition of a refund, unless a question names another: a negative amount that has not failed.';
