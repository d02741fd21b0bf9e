-- What each role is for: roles to which rollup.grant_role has granted privileges, so that they can be checked and completed
-- for rollups that are declared later.
create table if not exists rollup_internal.roles (
    role    regrole not null,
    purpose text    not null,
    primary key (role, purpose),
    constraint purpose_is_known check (purpose in ('admin', 'runner', 'writer', 'loader', 'reader', 'monitor'))
);
comment on table rollup_internal.roles is 'What the view rollup.roles shows.';
