-- Equal values must have equal hashes on every node, and after a dump and restore. hll_hash_any hashes bytes,
-- which is wrong for types whose equal values may differ in them; for those the hash function of hash partitioning
-- is used. Every node numbers the values of an enum by itself, so the label is hashed, also within an array.
create or replace function rollup_internal.hll_hash_expression(m rollup_internal.measure)
    returns text
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    base_type constant regtype := rollup_internal.base_type(m.argument_type::regtype);
    item_type regtype;
    hll_schema constant name := rollup_internal.extension_schema('hll');
    category "char";
    kind "char";
    hash_function regproc;
begin
    item_type := coalesce(nullif((select typelem from pg_type where oid = base_type and typcategory = 'A'), 0), base_type);
    select typcategory, typtype into category, kind from pg_type where oid = item_type;
    if category in ('C', 'P') then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('measure %I: distinct does not take %s', m.name, m.argument_type),
            hint = 'Count its text: {"distinct": "(…)::text"}.';
    elsif category = 'E' then
        return format('%I.hll_hash_text((%s)::text)', hll_schema, m.argument);
    elsif base_type = 'numeric'::regtype then
        -- 1.0 and 1.00 are equal but differ in their bytes.
        return format('%I.hll_hash_any(trim_scale(%s))', hll_schema, m.argument);
    elsif rollup_internal.has_own_equality(m.source, m.argument, m.argument_type) and base_type = any ('{text,character varying,bpchar}'::regtype[]) then
        return format('%I.hll_hash_bigint(hashtextextended(%s, 0))', hll_schema, m.argument);
    elsif base_type = any ('{smallint,integer,bigint,boolean,bytea,text,character varying}'::regtype[]) then
        return format('%I.%I(%s)', hll_schema,
                      case base_type when 'smallint'::regtype then 'hll_hash_smallint'
                                     when 'integer'::regtype then 'hll_hash_integer'
                                     when 'bigint'::regtype then 'hll_hash_bigint'
                                     when 'boolean'::regtype then 'hll_hash_boolean'
                                     when 'bytea'::regtype then 'hll_hash_bytea'
                                     else 'hll_hash_text' end, m.argument);
    elsif base_type = any ('{uuid,date,time,timestamp,timestamptz,inet,cidr,bpchar,name,oid,money}'::regtype[]) then
        return format('%I.hll_hash_any(%s)', hll_schema, m.argument);
    end if;

    select p.amproc into hash_function
      from pg_opclass c
      join pg_am a on a.oid = c.opcmethod and a.amname = 'hash'
      join pg_amproc p on p.amprocfamily = c.opcfamily and p.amprocnum = 2
                      and p.amproclefttype = c.opcintype and p.amprocrighttype = c.opcintype
     where c.opcdefault
       and c.opcintype = case when item_type <> base_type then 'anyarray'::regtype
                              when kind = 'r' then 'anyrange' when kind = 'm' then 'anymultirange'
                              else base_type end;
    if hash_function is null then
        raise undefined_function;
    end if;
    -- The function of another type may be declared for this one, and arrays and ranges ask for that of their items.
    execute format('select %s(%s::%s, 0)', hash_function,
                   case when base_type = any ('{int2vector,oidvector}'::regtype[]) then '''''' when item_type <> base_type then '''{}'''
                        when kind = 'r' then '''empty''' when kind = 'm' then '''{}''' else 'null' end, base_type);
    return format('%I.hll_hash_bigint(%s(%s, 0))', hll_schema, hash_function, m.argument);
exception when undefined_function then
    raise exception using
        errcode = 'datatype_mismatch',
        message = format('measure %I: values of type %s cannot be told apart', m.name, m.argument_type),
        hint = 'Count an expression of a type with equality and a hash function, such as its text: {"distinct": "(…)::text"}.';
end
$$;
comment on function rollup_internal.hll_hash_expression(rollup_internal.measure) is
    'SQL for the hash of a measure''s value in a distinct count.';
