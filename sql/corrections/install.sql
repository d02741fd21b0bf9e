\ir note_change.sql
\ir change_triggers.sql
\ir create_change_triggers.sql
\ir follow_changes.sql
\ir unfollow_changes.sql
\ir note_changes.sql
\ir pending_changes.sql
\ir is_changed.sql
