-- Sources whose rows, and those of their rollups, are restricted to tenants of the reader.
create table if not exists rollup_internal.isolations (
    source         regclass primary key,
    setting        text,
    members        regclass,
    member_column  name,
    members_tenant name,
    reader         name,
    constraint one_way check ((setting is null) <> (members is null))
);
comment on table rollup_internal.isolations is 'What the view rollup.isolations shows.';
