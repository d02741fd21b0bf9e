insert into rollup_internal.migrations (version) values (rollup.version()) on conflict do nothing;
