\ir isolation_condition.sql
\ir isolate_table.sql
\ir isolated_query.sql
