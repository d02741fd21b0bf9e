\ir parts.sql
\ir query_part_text.sql
\ir query.sql
\ir current_numbers.sql
\ir series_grid.sql
\ir buckets.sql
\ir gapfill.sql
\ir export_query.sql
