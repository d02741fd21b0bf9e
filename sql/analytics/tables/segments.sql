-- The first segment, by priority, whose bounds include the three scores names the user. The names are written once,
-- so that what users change or delete stays as they left it.
do $$
begin
    if pg_catalog.to_regclass('rollup_analytics.segments') is null then
        create table rollup_analytics.segments (
            segment  text not null,
            priority int  primary key,
            r_from   int  not null default 1,
            r_to     int  not null default 5,
            f_from   int  not null default 1,
            f_to     int  not null default 5,
            m_from   int  not null default 1,
            m_to     int  not null default 5
        );
        insert into rollup_analytics.segments (priority, segment, r_from, r_to, f_from, f_to)
        values (1, 'champions', 4, 5, 4, 5), (2, 'loyal', 3, 5, 3, 5), (3, 'new', 5, 5, 1, 1),
               (4, 'promising', 4, 5, 1, 2), (5, 'needs attention', 3, 3, 1, 2), (6, 'at risk', 1, 2, 3, 5),
               (7, 'hibernating', 1, 2, 1, 2);
    end if;
end
$$;
comment on table rollup_analytics.segments is
    'Names of RFM segments: the first by priority whose bounds include the scores r, f and m. Change them freely.';
