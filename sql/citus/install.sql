\ir is_distributed.sql
\ir share_tails.sql
\ir local_shards.sql
\ir nodes.sql
\ir ask_each_node.sql
\ir on_each_node.sql
\ir propagate_settings.sql
\ir require_none_in_doubt.sql
