-- Functions run with their caller's rights: declaring, running and expiring take rights on the
-- package's tables, the source and the targets. Everyone may see how things stand; nobody but
-- the owner of the package writes its state unless granted.
grant usage on schema rollup, rollup_compat to public;
grant select on rollup.rollups, rollup.families, rollup.sources, rollup.watermarks, rollup.backlogs,
    rollup.tails, rollup.samples, rollup.runs, rollup.status, rollup.retention,
    rollup.added_measures, rollup.measures to public;
