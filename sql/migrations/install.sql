\ir require_not_newer.sql
\ir move_state.sql
\ir divide_loads.sql
