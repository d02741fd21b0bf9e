\ir segments.sql
\ir models.sql
\ir stock.sql
\ir velocity_rules.sql
