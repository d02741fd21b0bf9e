create or replace function rollup_internal.differs_text(
    differs text, counted text, expected text, all_counted text, all_expected text,
    tolerance text)
    returns text
    language sql
    immutable
    set search_path = pg_catalog, pg_temp
    return format(differs, counted, expected, all_counted, all_expected, tolerance);
comment on function rollup_internal.differs_text(text, text, text, text, text, text) is
    'The condition for a counted and an expected value being different, as SQL over both and over the lists of '
    'all columns of their measure, and the tolerance from the events; differs is that of target_columns.';
