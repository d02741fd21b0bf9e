select cron.schedule('rollup-run', '*/5 * * * *', 'call rollup.run_all()');
select cron.schedule('rollup-partitions', '17 * * * *', 'select rollup.maintain_partitions()');
select cron.schedule('rollup-expire', '37 3 * * *', 'call rollup.expire_all()');
