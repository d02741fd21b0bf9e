"""Datasets, charts and filters of Superset, as the files of its export describe them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from psycopg import sql

_RANGE = "Last week"
_TYPES = {"timestamp with time zone": "TIMESTAMP WITH TIME ZONE"}
# What charts of each form have besides what they show.
_LOOKS: dict[str, dict[str, Any]] = {
    "total": {
        "viz_type": "big_number_total",
        "header_font_size": 0.4,
        "subheader_font_size": 0.15,
        "y_axis_format": "SMART_NUMBER",
    },
    "series": {
        "viz_type": "echarts_timeseries_line",
        "groupby": [],
        "row_limit": 10000,
        "show_legend": False,
        "rich_tooltip": True,
        "truncate_metric": True,
        "x_axis_time_format": "smart_date",
        "y_axis_format": "SMART_NUMBER",
    },
    "breakdown": {
        "viz_type": "echarts_timeseries_bar",
        "groupby": [],
        "orientation": "horizontal",
        "row_limit": 20,
        "show_legend": False,
        "truncate_metric": True,
        "xAxisForceCategorical": True,
        "x_axis_sort_asc": True,
        "y_axis_format": "SMART_NUMBER",
    },
    "list": {
        "viz_type": "table",
        "groupby": ["item"],
        "metrics": ["value"],
        "order_desc": True,
        "query_mode": "aggregate",
        "row_limit": 10,
        "show_cell_bars": True,
    },
}


def dataset(rollup: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    """The rows of a rollup: columns to group and filter by, and its numbers as metrics."""
    columns = [_column(each["name"], each["type"]) for each in source["columns"]]
    if rollup["time_zone"]:
        columns.append(_local_column(rollup))
    return {
        "table_name": source["relation"],
        "schema": source["schema_name"],
        "sql": None,
        "description": f"Rollup {rollup['name']}. Its metrics may be taken over any rows.",
        "main_dttm_col": rollup["bucket_column"],
        "columns": columns,
        "metrics": [_metric(each["name"], each["expression"]) for each in source["metrics"]],
        "version": "1.0.0",
    }


def list_dataset(
    rollup: dict[str, Any], source: dict[str, Any], items: dict[str, Any]
) -> dict[str, Any]:
    """A row for each item of the top lists in a column."""
    name = items["name"]
    return {
        "table_name": f"{source['relation']} {name}",
        "schema": source["schema_name"],
        "sql": items["query"],
        "description": f"Items of the top lists {name} of rollup {rollup['name']}.",
        "main_dttm_col": rollup["bucket_column"],
        "columns": [
            *(_column(each["name"], each["type"]) for each in source["columns"]),
            _column("item", "text"),
        ],
        "metrics": [_metric("value", "sum(value)")],
        "version": "1.0.0",
    }


def charts(rollup: dict[str, Any], source: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Charts of the rows of a rollup: totals, series, and the first number by each dimension."""
    # An average is charted, and not also its sum and its count, which are metrics all the same.
    own = {each["measure"] for each in source["metrics"] if each["name"] == each["measure"]}
    metrics = [m["name"] for m in source["metrics"] if m["name"] in own or m["measure"] not in own]
    for metric in metrics:
        yield _chart(rollup, "total", metric, metric=metric)
    at = _local_name(rollup) if rollup["time_zone"] else rollup["bucket_column"]
    # Hours at first, which a week has room for; longer buckets as they are.
    hourly = rollup["seconds"] <= 3600 and not rollup["time_zone"]
    for metric in metrics:
        grain = "PT1H" if hourly else None
        yield _chart(rollup, "series", metric, metrics=[metric], x_axis=at, time_grain_sqla=grain)
    dimensions = [each["name"] for each in source["columns"] if each["role"] == "dimension"]
    for dimension in dimensions if metrics else ():
        first = metrics[0]
        shown: dict[str, Any] = {"metrics": [first], "x_axis": dimension, "x_axis_sort": first}
        yield _chart(rollup, "breakdown", f"{first} by {dimension}", **shown)


def list_chart(rollup: dict[str, Any], name: str) -> dict[str, Any]:
    """The most frequent items of all lists in the column `name`."""
    return _chart(rollup, "list", name)


def filters(tenants: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """A filter of time, and of tenants by each column and the uuid of a dataset that has it."""
    scope = {"rootPath": ["ROOT_ID"], "excluded": []}
    common = {"type": "NATIVE_FILTER", "scope": scope, "cascadeParentIds": []}
    yield {
        "id": "NATIVE_FILTER-range",
        "name": "Time range",
        "filterType": "filter_time",
        "targets": [{}],
        "controlValues": {"enableEmptyFilter": False},
        "defaultDataMask": {
            "extraFormData": {"time_range": _RANGE},
            "filterState": {"value": _RANGE},
        },
        **common,
    }
    for number, (column, identity) in enumerate(tenants.items()):
        yield {
            "id": f"NATIVE_FILTER-tenant-{number}",
            "name": column,
            "filterType": "filter_select",
            "targets": [{"datasetUuid": identity, "column": {"name": column}}],
            "controlValues": {"multiSelect": True, "enableEmptyFilter": False},
            "defaultDataMask": {"extraFormData": {}, "filterState": {}},
            **common,
        }


def _chart(rollup: dict[str, Any], form: str, title: str, **shown: Any) -> dict[str, Any]:
    looks = _LOOKS[form] | shown
    in_range = {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "operator": "TEMPORAL_RANGE",
        "subject": rollup["bucket_column"],
        "comparator": _RANGE,
    }
    return {
        "slice_name": title,
        "viz_type": looks["viz_type"],
        "params": {**looks, "adhoc_filters": [in_range]},
        "query_context": None,
        "cache_timeout": None,
        "version": "1.0.0",
        "form": form,
    }


def _metric(name: str, expression: str) -> dict[str, Any]:
    return {"metric_name": name, "verbose_name": name, "expression": expression}


def _column(name: str, type_name: str) -> dict[str, Any]:
    return {
        "column_name": name,
        "type": _TYPES.get(type_name, type_name.upper()),
        "is_dttm": type_name.startswith("timestamp"),
        "groupby": True,
        "filterable": True,
        "is_active": True,
        "expression": None,
    }


def _local_name(rollup: dict[str, Any]) -> str:
    return f"{rollup['bucket_column']} in {rollup['time_zone']}"


def _local_column(rollup: dict[str, Any]) -> dict[str, Any]:
    """The bucket as a date and time of its zone, to be shown; filters use the bucket itself."""
    expression = sql.SQL("{} at time zone {}").format(
        sql.Identifier(rollup["bucket_column"]), sql.Literal(rollup["time_zone"])
    )
    return _column(_local_name(rollup), "timestamp") | {"expression": expression.as_string()}
