\ir funnel_step.sql
\ir offer.sql
