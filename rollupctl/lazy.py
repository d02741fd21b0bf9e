"""Commands whose modules are imported when they are asked for, so that each starts fast."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, MutableMapping, Sequence

import click


class Commands(MutableMapping[str, click.Command]):
    """Commands by name, in the order in which their modules are given.

    `modules` has for each module of rollupctl.commands the names of its COMMANDS.
    """

    def __init__(self, modules: Mapping[str, Sequence[str]]) -> None:
        self._modules = {name: module for module, names in modules.items() for name in names}
        self._imported: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        """The command; imports its module, and raises KeyError if there is none."""
        if name not in self._imported:
            module = importlib.import_module(f"rollupctl.commands.{self._modules[name]}")
            self._imported.update({str(each.name): each for each in module.COMMANDS})
        return self._imported[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._modules[name] = ""
        self._imported[name] = command

    def __delitem__(self, name: str) -> None:
        del self._modules[name]
        self._imported.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)
