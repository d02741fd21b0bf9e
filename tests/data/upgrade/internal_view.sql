-- A view on a function that is not meant for users: while it stands, the functions of 0.1.0 cannot go.
create view reports.local_times as
    select r.name, rollup.local_bucket(r.bucket, now()::timestamp) as now from rollup.rollups r;
