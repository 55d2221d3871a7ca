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

FIXED = ("access.mass_assignment.signup", "access.mass_assignment.me")
"""Ids that name a step in every map."""
SENTENCES = {
    r"\ban? (RESOURCE|WHO)\b": r"\1",
    r"(?<=, and )STEP(?= takes away)": "its undo",
    r"\bafter \d+ tries": "after TRIES tries",
}
"""What reads better where the map's own names are left open."""
PAGES = {"access": "access", "limits": "limits", "contract": "contract", "latency": "latency"}
"""Family → the page that says more of it; for all others that is the page about audits."""

INTRODUCTION = """\
# The catalogue of checks

This page is made from the catalogue itself by `python docs/make_checks.py`. `RESOURCE`, `STEP` and `WHO` stand for the
names that your map gives, `TRIES` for a number of its. `--launchready-checks=GLOB` chooses checks by these ids.

"""


def render() -> str:
    """The page."""
    return INTRODUCTION + "\n".join(map(_section, FAMILIES))


def general_ids() -> list[str]:
    """The ids of all checks, with the names that a map gives left open."""
    return [name for family in FAMILIES for name in _checks(family)]


def _section(family: Family[Context]) -> str:
    page = PAGES.get(family.name, "audit")
    more = f"More of it: [{page}]({page}.md).\n\n"
    head = "| check | proves | impact | remedy | reference |\n| --- | --- | --- | --- | --- |\n"
    rows = "".join(_row(name, check, mapped) for name, (check, mapped) in _checks(family).items())
    return f"## {family.name}: {family.proves}\n\n{more}{head}{rows}"


def _checks(family: Family[Context]) -> dict[str, tuple[Check[Context], Map]]:
    """The first check of each general id, and the map that it is of; those of one kind stand together."""
    found: dict[str, tuple[Check[Context], Map]] = {}
    for mapped in _maps():
        for check in family.checks(Subject(mapped)):
            found.setdefault(_general(check.id, mapped), (check, mapped))
    kinds = list(dict.fromkeys(_kind(name) for name in found))
    return dict(sorted(found.items(), key=lambda item: kinds.index(_kind(item[0]))))


def _kind(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _row(name: str, check: Check[Context], mapped: Map) -> str:
    remedy = check.remedy.replace(mapped.source, "the map")
    proves, remedy = (_said(name, check, text, mapped) for text in (check.proves, remedy))
    cells = (f"`{name}`", proves, check.impact, remedy, check.reference or "-")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _general(name: str, mapped: Map) -> str:
    """The id with the map's own names left open."""
    if name in FIXED:
        return name
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
    for words, better in SENTENCES.items():
        text = re.sub(words, better, text)
    return text


def _maps() -> Iterator[Map]:
    for dialect in DIALECTS:
        yield load_map(MAPS / f"{dialect}.toml", dialect, environ=ADMIN, built_in=True)


if __name__ == "__main__":
    Path(__file__).with_name("checks.md").write_text(render(), encoding="utf-8")
