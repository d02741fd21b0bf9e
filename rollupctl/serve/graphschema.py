"""The schema of GraphQL: a field for each rollup, whose rows have its dimensions and measures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLArgumentMap,
    GraphQLBoolean,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLSkipDirective,
    GraphQLString,
    get_directive_values,
)

from rollupctl.serve.questions import PARAMETERS

Resolver = Callable[..., Any]
# What the selected fields say.
_SELECTED = ("dimensions", "measures", "compare")
_TYPES = {"limit": GraphQLInt, "items": GraphQLInt, "fill": GraphQLBoolean, "live": GraphQLBoolean}

NUMBER = GraphQLScalarType("Number", description="A number with all its digits.")
VALUE = GraphQLScalarType("Value", description="A value of a dimension; null is unknown.")
ITEM = GraphQLObjectType(
    "Item",
    {
        "item": GraphQLField(GraphQLString),
        "value": GraphQLField(NUMBER),
        "previous": GraphQLField(NUMBER, description="In the range before; null: not in the list."),
    },
    description="An item of a top list.",
)
_COLUMN = GraphQLObjectType(
    "Column",
    {
        "name": GraphQLField(GraphQLNonNull(GraphQLString)),
        "type": GraphQLField(GraphQLNonNull(GraphQLString)),
        "measure": GraphQLField(GraphQLString, description="How it is counted."),
    },
    description="A dimension or a measure.",
)
_COLUMNS = GraphQLNonNull(GraphQLList(GraphQLNonNull(_COLUMN)))
_DECLARED = GraphQLObjectType(
    "Rollup",
    {
        **{
            name: GraphQLField(GraphQLString)
            for name in ("name", "family", "bucket", "time_zone", "tenant", "source", "comment")
        },
        "counted_until": GraphQLField(GraphQLString),
        "dimensions": GraphQLField(_COLUMNS),
        "measures": GraphQLField(_COLUMNS),
    },
    description="A declared rollup.",
)


@dataclass(frozen=True)
class Asked:
    """A rollup, and the names in the schema of what can be asked of it."""

    rollup: str
    dimensions: Mapping[str, str]
    measures: Mapping[str, str]
    filters: Mapping[str, str]

    def selected(self, info: GraphQLResolveInfo[Any]) -> tuple[dict[str, list[str]], bool]:
        """The dimensions and measures that are asked for, and whether the range before is."""
        rows = _children(info, _children(info, info.field_nodes).get("rows", ()))
        previous = _children(info, rows.get("previous", ()))
        wanted = {*rows, *previous}
        compares = "previous" in rows or any(
            "previous" in _children(info, rows[name]) for name in self.measures if name in rows
        )
        fields = {
            "dimensions": [own for name, own in self.dimensions.items() if name in rows],
            "measures": [own for name, own in self.measures.items() if name in wanted],
        }
        return {what: names for what, names in fields.items() if names}, compares


def build(
    catalog: Sequence[Mapping[str, Any]],
    list_rollups: Resolver,
    make_resolver: Callable[[Asked], Resolver],
) -> GraphQLSchema:
    """The schema of the rollups that rollup_serve.catalog returned."""
    rollups = GraphQLField(
        GraphQLNonNull(GraphQLList(GraphQLNonNull(_DECLARED))),
        resolve=list_rollups,
        description="All rollups with their dimensions and measures.",
    )
    fields = {"rollups": rollups}
    for name, declared in _names(catalog, taken=fields).items():
        fields[name] = _field(name, declared, make_resolver)
    return GraphQLSchema(GraphQLObjectType("Query", fields))


def _field(
    name: str, declared: Mapping[str, Any], make_resolver: Callable[[Asked], Resolver]
) -> GraphQLField:
    columns = [*declared["dimensions"], *declared["measures"]]
    named = _names(columns, taken=("bucket", "previous"))
    measures = {n: column for n, column in named.items() if column in declared["measures"]}
    dimensions = {n: c for n, c in named.items() if n not in measures}
    numbers = {n: c for n, c in measures.items() if c["type"] != "list"}
    row = {"bucket": GraphQLField(GraphQLString, description="When the step begins.")}
    row |= {n: _column(c, VALUE) for n, c in dimensions.items()}
    row |= {n: _column(c, NUMBER if n in numbers else _ITEMS) for n, c in measures.items()}
    if numbers:
        previous = GraphQLObjectType(
            f"Previous_{name}", {n: _column(c, NUMBER) for n, c in numbers.items()}
        )
        row["previous"] = GraphQLField(previous, description="The numbers of the range before.")
    rows = GraphQLObjectType(f"Row_{name}", row)
    texts = ("rollup", "site_id", "time_zone", "from", "to", "grain", "now")
    answer = GraphQLObjectType(
        f"Answer_{name}",
        {
            **{text: GraphQLField(GraphQLString) for text in texts},
            "previous_from": GraphQLField(GraphQLString),
            "previous_to": GraphQLField(GraphQLString),
            "rows": GraphQLField(GraphQLNonNull(GraphQLList(GraphQLNonNull(rows)))),
            "next": GraphQLField(GraphQLString, description="The cursor of the next page."),
        },
    )
    given: GraphQLArgumentMap = {
        parameter: GraphQLArgument(_TYPES.get(parameter, GraphQLString), description=text)
        for parameter, text in PARAMETERS.items()
        if parameter not in _SELECTED
    }
    if dimensions:
        of = {n: GraphQLInputField(GraphQLString) for n in dimensions}
        said = "Only rows with these values; null or an empty one stands for unknown."
        filters = GraphQLInputObjectType(f"Filter_{name}", of)
        given["filter"] = GraphQLArgument(filters, description=said)
    own = {n: c["name"] for n, c in named.items()}
    asked = Asked(
        declared["name"],
        {n: own[n] for n in dimensions},
        {n: own[n] for n in measures},
        {n: own[n] for n in dimensions},
    )
    return GraphQLField(
        answer, given, resolve=make_resolver(asked), description=declared["comment"]
    )


_ITEMS = GraphQLList(GraphQLNonNull(ITEM))


def _column(column: Mapping[str, Any], of: Any) -> GraphQLField:
    key = column["name"]

    def resolve(row: Mapping[str, Any], info: GraphQLResolveInfo[Any]) -> Any:
        del info
        return row.get(key)

    return GraphQLField(of, resolve=resolve, description=column.get("measure"))


def _names(
    named: Sequence[Mapping[str, Any]], taken: Iterable[str]
) -> dict[str, Mapping[str, Any]]:
    """Things by names that GraphQL allows."""
    found: dict[str, Mapping[str, Any]] = {}
    used = set(taken)
    for thing in named:
        name = re.sub(r"[^0-9A-Za-z_]|^(?=[0-9])|^_(?=_)", "_", thing["name"])
        name = f"x{name}" if name.startswith("__") else name
        while name in used:
            name += "_"
        used.add(name)
        found[name] = thing
    return found


def _children(
    info: GraphQLResolveInfo[Any], nodes: Iterable[FieldNode]
) -> dict[str, list[FieldNode]]:
    """The fields that are selected of fields, by name, without those that directives leave out."""
    found: dict[str, list[FieldNode]] = {}
    pending: list[Any] = [node for node in nodes if node.selection_set]
    seen: set[str] = set()
    while pending:
        for each in pending.pop().selection_set.selections:
            skip = get_directive_values(GraphQLSkipDirective, each, info.variable_values)
            include = get_directive_values(GraphQLIncludeDirective, each, info.variable_values)
            if (skip and skip["if"]) or (include and not include["if"]):
                continue
            if isinstance(each, FieldNode):
                found.setdefault(each.name.value, []).append(each)
            elif not isinstance(each, FragmentSpreadNode):
                pending.append(each)
            elif each.name.value not in seen:
                seen.add(each.name.value)
                pending.append(info.fragments[each.name.value])
    return found
