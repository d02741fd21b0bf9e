\ir float_differs.sql
\ir quantiles_differ.sql
\ir integer_option.sql
\ir hll_hash_expression.sql
\ir ensure_tdigest.sql
