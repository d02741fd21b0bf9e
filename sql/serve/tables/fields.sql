-- What rollup_serve.describe_fields answers takes tens of milliseconds to derive from a declaration, and changes only
-- with it, so it is kept here. A rollup without rows is described each time.
create table if not exists rollup_serve.fields (
    rollup_id bigint   not null,
    revision  int      not null,
    place     bigint   not null,
    name      text     not null,
    role      text     not null,
    type      text     not null,
    measure   text,
    combined  text,
    formula   text,
    nothing   numeric,
    primary key (rollup_id, place)
);
comment on table rollup_serve.fields is 'What can be asked of each rollup; derived from the declarations by rollup_serve.refresh_fields.';
