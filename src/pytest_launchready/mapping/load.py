"""`launchready.toml` → a `Map` for one target, or a `MapError` with everything that is wrong."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from pytest_launchready.mapping import extras, graph, latency, references
from pytest_launchready.mapping.leaves import Leaves, written_origin
from pytest_launchready.mapping.lines import key_lines
from pytest_launchready.mapping.people import compile_auth, compile_person
from pytest_launchready.mapping.problems import Key, MapError, Problem, Problems
from pytest_launchready.mapping.records import Map, Step, Target
from pytest_launchready.mapping.requests import Requests
from pytest_launchready.mapping.resources import Resources
from pytest_launchready.mapping.scopes import Scopes
from pytest_launchready.mapping.steps import Steps
from pytest_launchready.mapping.targets import BUILT_IN, compile_target_table
from pytest_launchready.mapping.values import Values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_launchready.mapping.tables import TargetTable

_TABLES: Final = (
    *("targets", "auth", "people", "mail", "steps", "resources", "limits", "values", "contract", "build", "waivers"),
    *("latency", "networks"),
)
_URLS: Final = frozenset({"api", "web", "hosts"})
_IN_PYPROJECT: Final = ("tool", "launchready")


def load_map(path: Path, target: str, *, environ: Mapping[str, str] = os.environ, built_in: bool = False) -> Map:
    """The map at a path, compiled for one of its targets.

    A `built_in` target need not be in the file: its `api` is left empty for the caller to fill in.
    Raises MapError, with all that is wrong in the file at once, whatever the file holds.
    """
    text = _read(path)
    prefix: Key = _IN_PYPROJECT if path.name == "pyproject.toml" else ()
    problems = Problems(path.name, prefix)
    document: Any = _parse(text, path)
    for part in prefix:
        document = document.get(part, {}) if isinstance(document, dict) else {}
    try:
        map_ = _compile(document, path, target, Values(path.parent, environ, problems), built_in=built_in)
    except RecursionError:
        raise MapError([Problem(path.name, None, "", "is nested too deeply.")]) from None
    if problems:
        raise problems.error(lambda: key_lines(text))
    return map_


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise MapError(
            [Problem(path.name, line, "", f"is not UTF-8 text: byte 0x{error.object[error.start]:02x}.")]
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise MapError([Problem(str(path), None, "", f"cannot be read: {reason.lower()}.")]) from None


def _parse(text: str, path: Path) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column (\d+)\)", str(error))
        reason = str(error).replace(place[0], f" at column {place[2]}") if place else str(error)
        line = int(place[1]) if place else text.count("\n") + 1
        raise MapError([Problem(path.name, line, "", f"is not TOML: {reason}.")]) from None
    except RecursionError:
        raise MapError([Problem(path.name, None, "", "is nested too deeply.")]) from None


def _compile(document: Any, path: Path, name: str, values: Values, *, built_in: bool) -> Map:
    problems = values.problems
    leaves = Leaves(problems)
    tables = _tables(document, problems)
    target, targets, resolved = _target(tables, name, values, leaves, built_in=built_in)
    over = targets[name]
    production = target.kind == "production"
    people = _overlay(resolved, over.people, ("people",), ("targets", name, "people"), problems)
    own_values = _overlay(resolved, over.values, ("values",), ("targets", name, "values"), problems)
    contract = extras.compile_contract(resolved.get("contract", {}), ("contract",), leaves, path.parent)
    requests = Requests(leaves, frozenset() if built_in else _origins(target), contract.graphql)
    compiler = Steps(requests)
    steps = {
        step: compiler.compile(step, table, ("steps", step)) for step, table in _entries(resolved, "steps", problems)
    }
    for other, table in targets.items():
        references.check_skip(table.skip or {}, steps, ("targets", other, "skip"), problems)
    for step, reason in (over.skip or {}).items():
        steps[step] = replace(steps.get(step, Step(step)), skip=reason)
    objects = Resources(requests, steps)
    resources = {
        kind: objects.compile(kind, table, ("resources", kind))
        for kind, table in _entries(resolved, "resources", problems)
    }
    map_ = Map(
        source=str(path),
        target=target,
        auth=compile_auth(resolved.get("auth", {}), ("auth",), leaves, production=production),
        people={
            person: compile_person(person, table, ("people", person), leaves, production=production)
            for person, table in people.items()
        },
        steps=graph.connect(steps, resources),
        resources=resources,
        limits={
            step: objects.limit(step, table, ("limits", step)) for step, table in _entries(resolved, "limits", problems)
        },
        values=extras.compile_values(own_values, ("values",), leaves),
        mail=extras.compile_mail(resolved.get("mail", {}), ("mail",), requests, path.parent),
        contract=contract,
        latency=latency.compile_latency(resolved.get("latency", {}), ("latency",), problems),
        networks=latency.compile_networks(resolved.get("networks", {}), ("networks",), problems),
        build=extras.compile_build(resolved.get("build", {}), ("build",), requests),
        waivers=extras.compile_waivers(resolved.get("waivers", []), ("waivers",), leaves),
        secrets=values.secrets,
    )
    references.check_references(map_, problems)
    latency.check_steps(map_.latency, map_.steps, ("latency",), problems)
    for other, table in targets.items():
        references.check_writes(table.writes or (), map_, ("targets", other, "writes"), problems)
    graph.check_circles(map_.steps, resources, problems)
    Scopes(map_, resolved, problems, built_in=built_in).check()
    return map_


def _tables(document: Any, problems: Problems) -> dict[str, Any]:
    if not isinstance(document, dict) or not document:
        where = "[tool.launchready]" if problems.prefix else "the map"
        problems.add((), f"{where} is empty", allowed="[targets.NAME], [auth], [steps.NAME] and more")
        return {}
    for key in document:
        if key not in _TABLES:
            problems.add((key,), "there is no such table", got=key, allowed=_TABLES)
    return document


def _target(
    tables: dict[str, Any], name: str, values: Values, leaves: Leaves, *, built_in: bool
) -> tuple[Target, dict[str, TargetTable], dict[str, Any]]:
    """The chosen target, the tables of all, and the map with outside values in place for the chosen one."""
    problems = values.problems
    targets = dict(_entries(tables, "targets", problems))
    found: dict[str, TargetTable] = {}
    for other, table in targets.items():
        if other != name:
            _, found[other] = compile_target_table(
                other, _unresolved(table), ("targets", other), leaves, built_in=other in BUILT_IN
            )
    if name not in targets and not built_in:
        problems.add(
            ("targets",), "there is no such target", got=name, allowed=targets or "none: the map has no [targets.NAME]"
        )
        built_in = True
    own = values.resolve(targets.get(name, {}), ("targets", name))
    target, found[name] = compile_target_table(name, own, ("targets", name), leaves, built_in=built_in)
    rest = {key: values.resolve(value, (key,)) for key, value in tables.items() if key != "targets"}
    return target, found, rest


def _unresolved(value: Any, key: str = "") -> Any:
    """Another target's table without what only its own run can know."""
    if isinstance(value, dict):
        return {
            name: _unresolved(inner, "hosts" if key == "hosts" else name)
            for name, inner in value.items()
            if name in _URLS or key == "hosts" or not _is_outside(inner)
        }
    if isinstance(value, list):
        return [_unresolved(inner, key) for inner in value]
    return "http://unknown.invalid" if key in _URLS and _is_outside(value) else value


def _is_outside(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("env:", "secret:", "file:", "json:"))


def _entries(tables: Mapping[str, Any], key: str, problems: Problems) -> list[tuple[str, Any]]:
    entries = tables.get(key, {})
    if isinstance(entries, dict):
        return list(entries.items())
    problems.add((key,), "", got=entries, allowed=f"tables, each written [{key}.NAME]")
    return []


def _overlay(tables: Mapping[str, Any], over: Any, key: Key, written: Key, problems: Problems) -> dict[str, Any]:
    """A table with the target's additions laid over it, entry by entry."""
    merged = dict(_entries(tables, str(key[0]), problems))
    for name, value in (over or {}).items():
        below = merged.get(name)
        if isinstance(below, dict) and isinstance(value, dict):
            problems.moved |= {(*key, name, inner): (*written, name, inner) for inner in value}
            merged[name] = {**below, **value}
        else:
            problems.moved[(*key, name)] = (*written, name)
            merged[name] = value
    return merged


def _origins(target: Target) -> frozenset[str]:
    urls = [target.api, target.web or "", *target.hosts.values()]
    return frozenset(written_origin(url) for url in urls) - {""}
