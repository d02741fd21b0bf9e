-- One sequence that cannot be read must not hide the others.
create or replace function rollup_internal.sequence_positions(sequences text[])
    returns jsonb
    language plpgsql
    volatile
    set search_path = pg_catalog, pg_temp
as $$
declare
    name text;
    hint text;
    positions jsonb := '{}';
begin
    foreach name in array sequences loop
        begin
            positions := positions || jsonb_build_object(name, jsonb_build_object(
                'last_id', coalesce(rollup_internal.last_issued_id(name::regclass), 0),
                'sequence', rollup_internal.sequence_state(name::regclass)));
        exception when insufficient_privilege or object_not_in_prerequisite_state or undefined_table
                       or invalid_schema_name or lock_not_available then
            get stacked diagnostics hint = pg_exception_hint;
            positions := positions || jsonb_build_object(name, jsonb_build_object('problem', sqlerrm, 'hint', hint));
        end;
    end loop;
    return positions;
end
$$;
comment on function rollup_internal.sequence_positions(text[]) is
    'For each sequence on this node: the last id that it has issued and its state, or the problem.';
