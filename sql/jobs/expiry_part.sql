-- An archive is written by the client, outside of the transaction that drops. What the client has written is compared with
-- what there is under the lock of the drop.
create or replace function rollup_internal.expiry_part(
    inout job rollup.job, archived_rows bigint default null, archived_ids numeric default null,
    out relation regclass, out source regclass, out id_column name, out columns text, out conditions text,
    out range_from timestamptz, out range_to timestamptz)
    language plpgsql
    stable
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set datestyle = 'ISO, MDY'
as $$
#variable_conflict use_variable
declare
    item constant jsonb := job.waiting[1];
    part constant jsonb := item -> 'parts' -> 0;
begin
    if item ->> 'do' is distinct from 'expire' or part is null or part -> 'reason' <> 'null' then
        return;
    end if;
    relation := (select c.oid from pg_class c where c.oid = (part ->> 'oid')::oid);
    if relation is null then
        return;
    end if;
    source := (select i.inhparent from pg_inherits i where i.inhrelid = relation);
    id_column := rollup_internal.loaded_id_column(source);
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into columns
      from pg_attribute a
     where a.attrelid = source and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
    conditions := 'true';
    range_from := (part ->> 'range_from')::timestamptz;
    range_to := (part ->> 'range_to')::timestamptz;
    if (part ->> 'is_default')::boolean then
        conditions := rollup_internal.counted_before_condition(source, (item ->> 'cutoff')::timestamptz);
        range_to := null;
    end if;
    if archived_rows is not null then
        job.waiting[1] := jsonb_set(item, '{parts,0,archived}',
                                    jsonb_build_object('rows', archived_rows, 'ids', archived_ids));
    end if;
end
$$;
comment on function rollup_internal.expiry_part(rollup.job, bigint, numeric) is
    'The part that the next step of a job removes, for an archive: its table, its columns, and a condition for its rows; '
    'NULL if that step removes no events. With archived_rows and archived_ids (the number of rows of the archive, and the '
    'sum of their ids), the step removes the part only if it has exactly these.';
