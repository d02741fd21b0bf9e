\ir analysis_list.sql
\ir step_condition.sql
\ir alert_rows.sql
\ir funnel_rows.sql
\ir retention_rows.sql
\ir anomaly_rows.sql
\ir resolve_analysis.sql
\ir answer_analysis.sql
