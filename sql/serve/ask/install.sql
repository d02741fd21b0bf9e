\ir describe_fields.sql
\ir fields_of.sql
\ir refresh_fields.sql
\ir query_text.sql
\ir site_time_zone.sql
\ir stats.sql
