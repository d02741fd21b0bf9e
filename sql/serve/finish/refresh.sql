-- An installation may have changed how measures are combined, as when an extension has been added.
delete from rollup_serve.fields;
select rollup_serve.refresh_fields();
