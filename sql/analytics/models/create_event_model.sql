create or replace function rollup_analytics.create_event_model(
    schema_name name default 'event_model', source text default 'events', page_views text default 'path is not null',
    purchases text default null)
    returns table (kind text, name text)
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    q record;
    v record;
begin
    select * into q from rollup_analytics_internal.source_columns(source);
    page_views := rollup_analytics_internal.validate_condition(q.relation, 'page_views', page_views);
    purchases := rollup_analytics_internal.validate_condition(
        q.relation, 'purchases', coalesce(purchases, rollup_analytics_internal.orders_text()));
    execute format('create schema if not exists %I', schema_name);
    kind := 'table';
    name := rollup_analytics_internal.create_model_table(
        q.relation, q.tenant_column, schema_name, 'users', 'user_id text not null, username text, email text', 'user_id');
    return next;
    kind := 'view';
    for v in
        select *
          from (values
            ('event', format('event_id, event_type, %I as "timestamp", user_id, properties as data', q.time_column), 'true'),
            ('page_view', 'event_id as page_view_id, event_id, user_id, path as page_url', page_views),
            ('purchase', 'event_id as purchase_id, event_id, user_id, product_id, quantity, amount, currency', purchases),
            ('transaction', 'event_id as id, user_id, amount, currency, status', 'amount is not null'),
            ('data', 'event_id as id, event_type as data_type, value', 'value is not null')) v (name, columns, condition)
    loop
        name := format('%I.%I', schema_name, v.name);
        call rollup_internal.replace_view(name, rollup_internal.fill_template(
            'select {tenant}, {columns} from {relation} where {condition}',
            jsonb_build_object('tenant', quote_ident(q.tenant_column), 'columns', v.columns, 'relation', q.relation,
                               'condition', v.condition)));
        return next;
    end loop;
end
$$;
comment on function rollup_analytics.create_event_model(name, text, text, text) is
    'Creates a schema in which the events are entities: the views event, page_view, purchase, transaction and data, and the '
    'table users for names and addresses. Running it again changes nothing.';
