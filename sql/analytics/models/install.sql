\ir create_model_table.sql
\ir create_event_model.sql
\ir create_visitor_model.sql
