"""Finds the exports of a component, as what `jackfield adapter build` generates expects it."""

import importlib


def exports(module: str) -> dict[str, type]:
    """A class for each export of the project's world."""
    adapter = importlib.import_module(module)
    return {name: getattr(adapter, name) for name in ("About", "Status", "Dispositions", "Lookup", "Leads")}
