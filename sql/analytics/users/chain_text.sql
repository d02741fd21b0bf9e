-- One pass for each step over the same order. For each event, the latest start from which the chain has come this far
-- is kept: whatever a chain with an earlier start can reach, one with a later start reaches too, and sooner. Events at
-- the same time are one row, so that in any of their orders each serves one step.
--
-- In a strict chain all events of the row before must have been used (column f), except those beside its start.
create or replace function rollup_analytics_internal.chain_text(steps int, within interval, mode text, ties text)
    returns text
    language plpgsql
    immutable
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    statement text := 'g';
    before text;
    starts text;
    used text;
    come text;
    fits text;
begin
    for k in 1 .. steps loop
        starts := '';
        used := '';
        for i in reverse k - 1 .. 0 loop
            continue when ties = 'strict' and i < k - 1;
            fits := rollup_internal.fill_template(
                case when ties = 'strict' then 'mask & {bits} <> 0'
                     when i = k - 1 then 'case when reach is null then mask & {bits} <> 0 else reach[{place}] >= {step} end'
                     else 'case when reach is null then events > 1 and mask & {bits} = {bits} else reach[{place}] >= {step} end' end,
                case when ties = 'strict' then jsonb_build_object('bits', ((1 << (k - i)) - 1) << i)
                     else jsonb_build_object('bits', ((1 << (k - i)) - 1) << i, 'place', i + 1, 'step', k) end);
            come := case when i = 0 then 't' else rollup_internal.fill_template(
                'case when p{i} >= t - interval {within} and (stop is null or p{i} >= stop) then p{i} end',
                jsonb_build_object('i', i, 'within', quote_literal(within))) end;
            starts := concat_ws(', ', nullif(starts, ''), format('case when %s then %s end', fits, come));
            used := concat_ws(', ', nullif(used, ''), case when i = 0 then format('case when %s then t end', fits)
                else rollup_internal.fill_template('case when events = {number} and {fits} then {come} end',
                    jsonb_build_object('number', k - i, 'fits', fits, 'come', come)) end);
        end loop;
        before := case when k = steps then '' when mode = 'strict' then
                format(', lag(f%1$s) over w as p%1$s', k)
            else format(', max(d%1$s) over (w rows between unbounded preceding and 1 preceding) as p%1$s', k) end;
        statement := rollup_internal.fill_template(
            case when mode = 'strict' then 'select *{before} from (select *, greatest({starts}) as d{k}, greatest({used}) as f{k} from {query}) s{k} window w as (partition by u order by t)'
                 else 'select *{before} from (select *, greatest({starts}) as d{k} from {query}) s{k} window w as (partition by u order by t)' end,
            jsonb_build_object('before', before, 'starts', starts, 'k', k,
                               'query', case when k = 1 then statement else format('(%s) q%s', statement, k) end)
                || case when mode = 'strict' then jsonb_build_object('used', used) else '{}' end);
    end loop;
    return statement;
end
$$;
comment on function rollup_analytics_internal.chain_text(int, interval, text, text) is
    'SQL that adds to g, the events of each user by time, the latest start d1, d2, … from which each step was reached.';
