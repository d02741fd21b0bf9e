\ir fill_template.sql
\ir wrap_list.sql
\ir wrap_sql.sql
\ir all_of.sql
\ir bounds_conditions.sql
\ir ids_conditions.sql
