\ir loaded_id_column.sql
\ir last_drawn_id.sql
\ir part_ids.sql
\ir begin_part.sql
\ir record_part.sql
\ir finish_load.sql
\ir create_key_table.sql
\ir expire_keys.sql
