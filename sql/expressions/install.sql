\ir base_type.sql
\ir expression_type.sql
\ir quote_if_column.sql
\ir equality_operator.sql
\ir inequality_text.sql
\ir extreme_aggregate.sql
\ir expression_collation.sql
\ir has_own_equality.sql
