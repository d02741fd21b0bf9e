\ir find_sites.sql
\ir site_slugs.sql
\ir first_site_id.sql
\ir create_sites.sql
\ir site_ids.sql
\ir site_id.sql
\ir set_site.sql
