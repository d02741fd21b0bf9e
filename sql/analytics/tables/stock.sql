create table if not exists rollup_analytics.stock (
    tenant     text        not null,
    product_id text        not null,
    quantity   numeric     not null,
    counted_at timestamptz not null default now(),
    primary key (tenant, product_id),
    constraint quantity_is_a_number check (quantity < 'infinity' and quantity > '-infinity')
);
comment on table rollup_analytics.stock is 'How many of each product a tenant has. Read by rollup_analytics.stock_forecast.';
