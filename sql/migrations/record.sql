insert into rollup.migrations (version) values (rollup.version()) on conflict do nothing;
