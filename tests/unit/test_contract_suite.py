"""Both engines against the official cases of JSON Schema.

They are not part of this repository: JSON_SCHEMA_TEST_SUITE names the folder that holds `tests` and `remotes`. Without
it these tests are skipped, and say so.
"""

import json
import os
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from pytest_launchready.contracts.engines import DRAFTS, compile_schema
from pytest_launchready.core.errors import UseError

pytestmark = pytest.mark.long

FOLDER = os.environ.get("JSON_SCHEMA_TEST_SUITE")
ENGINES = ("jsonschema-rs", "jsonschema")
NAMES = {name: f"draft{draft}" for name, draft in DRAFTS.items()}
OURS = {
    # A meta-schema of one's own is refused with an error that lists the five drafts.
    "vocabulary.json": "schema that uses custom metaschema",
    "optional/format-assertion.json": "schema that uses custom metaschema",
}
"""What neither engine is asked: file → how the cases begin."""
FORMATS_ON = "is only an annotation by default"
"""From 2019-09 on formats assert nothing unless one asks for it; here they are on."""
KNOWN = {
    "jsonschema-rs": {
        ("optional/cross-draft.json", "refs to future drafts"): 2,
        ("optional/cross-draft.json", "refs to historic drafts"): 2,
    },
    "jsonschema": {
        ("optional/content.json", "validation of"): 4,
        ("optional/dependencies-compatibility.json", ""): 28,
        ("optional/format/ecmascript-regex.json", "ECMA 262 lookbehind"): 3,
        ("optional/format/hostname.json", "validation of host names"): 2,
        ("optional/format/idn-hostname.json", "validation of internationalized host names"): 3,
        ("unevaluatedProperties.json", "unevaluatedProperties with adjacent non-bool"): 1,
    },
}
"""Verdicts that differ from the suite's: file and how the case begins → how many over all drafts."""
OTHER_PLACES = {("unevaluatedProperties.json", "dynamic evalation inside nested refs"): 10}
"""Where both engines find a document wrong, and not with the same faults."""


@pytest.fixture(autouse=True)
def suite():
    """The folder, or a skip that says what is missing."""
    if FOLDER is None or not Path(FOLDER, "tests").is_dir():
        pytest.skip("JSON_SCHEMA_TEST_SUITE names no folder with the official cases: the engines were not compared")
    pytest.importorskip("jsonschema_rs", reason="the extra `contract` is not installed: there is one engine only")
    return Path(FOLDER)


@cache
def remotes():
    """The documents that cases refer to, by their addresses."""
    base = Path(str(FOLDER), "remotes")
    return {
        f"http://localhost:1234/{path.relative_to(base).as_posix()}": json.loads(path.read_text("utf-8"))
        for path in base.rglob("*.json")
    }


def cases(folder):
    """Draft, file, what the case is about, the schema, and its tests."""
    for name, draft in NAMES.items():
        base = folder / "tests" / draft
        for path in sorted(base.rglob("*.json")):
            file = path.relative_to(base).as_posix()
            for case in json.loads(path.read_text("utf-8")):
                if file in OURS and (case["description"].startswith(OURS[file]) or "vocabulary" in case["description"]):
                    continue
                schema = case["schema"]
                yield file, case, {"$schema": name, **schema} if isinstance(schema, dict) else schema


def matched(known, file, description):
    """The entry of a table that a case falls under."""
    return next(((at, start) for at, start in known if at == file and description.startswith(start)), None)


def test_verdicts_are_those_of_the_suite(suite):
    """Each engine decides as the standard says, but for the differences that are listed."""
    found = {engine: Counter() for engine in ENGINES}
    unknown, asked = [], 0
    for file, case, schema in cases(suite):
        for engine in ENGINES:
            try:
                compiled = compile_schema(schema, known=remotes(), engine=engine)
            except UseError as error:
                unknown.append((engine, file, case["description"], str(error)))
                continue
            for test in case["tests"]:
                if FORMATS_ON in test["description"]:
                    continue
                asked += 1
                if (not compiled.faults(test["data"])) == test["valid"]:
                    continue
                entry = matched(KNOWN[engine], file, case["description"])
                if entry is None:
                    unknown.append((engine, file, case["description"], test["description"]))
                else:
                    found[engine][entry] += 1
    assert unknown == []
    assert found == KNOWN
    assert asked > 16_000


def test_both_engines_name_the_same_faults_at_the_same_places(suite):
    """Place and rule of every fault are the same."""
    others, unknown = Counter(), []
    for file, case, schema in cases(suite):
        compiled = [compile_schema(schema, known=remotes(), engine=engine) for engine in ENGINES]
        for test in case["tests"]:
            told = [sorted((one.path, one.rule) for one in each.faults(test["data"])) for each in compiled]
            if told[0] == told[1] or not all(told):
                continue
            entry = matched(OTHER_PLACES, file, case["description"])
            if entry is None:
                unknown.append((file, case["description"], test["description"], told))
            else:
                others[entry] += 1
    assert unknown == []
    assert others == OTHER_PLACES
