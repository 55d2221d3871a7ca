"""Writes checks.md from the catalogue of checks: `python docs/make_checks.py`."""  # noqa: INP001 - a script

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pytest_launchready.core.checks import Check, Family
from pytest_launchready.mapping.load import load_map
from pytest_launchready.mapping.records import Map
from pytest_launchready.probes.catalogue import FAMILIES
from pytest_launchready.probes.subject import Context, Subject

MAPS = Path(__file__).parent.parent / "src/pytest_launchready/demo/maps"
DIALECTS = ("demo", "demo-cookie", "demo-graphql")
ADMIN = {"LAUNCHREADY_DEMO_ADMIN_EMAIL": "admin@demo.example", "LAUNCHREADY_DEMO_ADMIN_PASSWORD": "correct-horse"}

INTRODUCTION = """\
# The catalogue of checks

This page is made from the catalogue itself by `python docs/make_checks.py`. `RESOURCE`, `STEP` and `WHO` stand for the
names that your map gives. `--launchready-checks=GLOB` chooses checks by these ids, and `[[waivers]]` accepts them by
the same globs.

"""


def render() -> str:
    """The page."""
    return INTRODUCTION + "\n".join(map(_section, FAMILIES))


def _section(family: Family[Context]) -> str:
    rows: dict[str, str] = {}
    for mapped in _maps():
        for check in family.checks(Subject(mapped)):
            name = _general(check.id, mapped)
            rows.setdefault(name, _row(name, check, mapped))
    head = "| check | proves | impact | remedy | reference |\n| --- | --- | --- | --- | --- |\n"
    return f"## {family.name}: {family.proves}\n\n{head}{''.join(rows.values())}"


def _row(name: str, check: Check[Context], mapped: Map) -> str:
    remedy = check.remedy.replace(mapped.source, "the map")
    proves, remedy = (_said(name, check, text, mapped) for text in (check.proves, remedy))
    cells = (f"`{name}`", proves, check.impact, remedy, check.reference)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _general(name: str, mapped: Map) -> str:
    """The id with the map's own names left open."""
    family, *words = name.split(".")
    general = [_word(word, mapped) for word in words]
    if family == "access" and len(words) == 3 and general[0] == "RESOURCE":
        general[2] = "WHO"
    return ".".join([family, *general])


def _word(word: str, mapped: Map) -> str:
    if word in mapped.steps:
        return "STEP"
    return "RESOURCE" if word in mapped.resources else word


def _said(general: str, check: Check[Context], text: str, mapped: Map) -> str:
    """A sentence with the map's own names left open, as in the id."""
    named = zip(check.id.split("."), general.split("."), strict=True)
    open_names = {name: word for name, word in named if word != name}
    open_names |= {name: "STEP" for name in mapped.steps if "_" in name and name not in open_names}
    for name, word in open_names.items():
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", word, text)
    return text


def _maps() -> Iterator[Map]:
    for dialect in DIALECTS:
        yield load_map(MAPS / f"{dialect}.toml", dialect, environ=ADMIN, built_in=True)


if __name__ == "__main__":
    Path(__file__).with_name("checks.md").write_text(render(), encoding="utf-8")
