\ir require_not_newer.sql
\ir move_state.sql
