"""No output of a run shows a secret: planted in every place, in every encoding, looked for in every stream and file."""

import html
import json
import re
from pathlib import Path

import pytest

import pytest_launchready.demo

SUITE = Path(__file__).with_name("canaries.txt").read_text(encoding="utf-8")
CONFTEST, TESTS = SUITE.split("# --- test_canaries.py\n")
ENCODINGS = (
    *("raw", "json", "json_twice", "repr", "bytes", "url", "form", "html", "hex", "hex_upper"),
    *("base64", "base64_one_before", "base64_two_before", "base64_url", "wrapped", "base64_wrapped", "cut"),
)
PLACES = (
    *("assertion", "compared", "message", "local", "argument", "stdout", "stderr", "logged", "logged_error", "warned"),
    *("property", "xml_attribute", "suite_property", "xfail", "skip", "fail", "cause", "group", "setup", "teardown"),
    *("extra", "subtest", "inconclusive", "note", "printed_object"),
)
SHORTEST = 12
"""Characters of a secret, in whatever encoding, that no output may show in a row."""
COMBINATIONS = [(place, encoding) for place in PLACES for encoding in ENCODINGS]


@pytest.fixture
def canaries(pytester, monkeypatch):
    """A function that runs the suite of canaries and gives every stream and file it wrote, by name."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_canaries=TESTS)
    pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\nlog_level = INFO\n"
        "junit_logging = all\njunit_family = xunit1\n"
        "filterwarnings =\n    ignore::pytest.PytestExperimentalApiWarning\n"
    )
    (pytester.path / "key.txt").write_text("K3y-of-a-mounted-file/with+signs=\n", encoding="utf-8")
    built_in = Path(str(pytest_launchready.demo.__file__)).parent / "maps"
    extra = '\n[values]\nshop_key = "env:SHOP_KEY"\nfile_key = "secret:key.txt"\n'
    for dialect in ("demo", "demo-cookie"):
        text = (built_in / f"{dialect}.toml").read_text(encoding="utf-8")
        (pytester.path / f"{dialect}.toml").write_text(text + extra, encoding="utf-8")
    monkeypatch.setenv("SHOP_KEY", "Ümlaut \"quoted\" 'single' \\back & 100%<tag>")
    monkeypatch.setenv("ENCODINGS", json.dumps(ENCODINGS))

    def run(*arguments, half, target="demo"):
        monkeypatch.setenv("COMBINATIONS", json.dumps(COMBINATIONS[half::2]))
        (pytester.path / "known").mkdir(exist_ok=True)
        result = pytester.runpytest_subprocess(
            f"--launchready-target={target}",
            f"--launchready-config={target}.toml",
            "-p",
            "no:cacheprovider",
            *arguments,
        )
        outputs = {"stdout": result.stdout.str(), "stderr": result.stderr.str()}
        for path in sorted((pytester.path / "out").rglob("*")):
            if path.is_file():
                outputs[str(path.relative_to(pytester.path / "out"))] = path.read_text(encoding="utf-8")
        return result, outputs

    return run


def planted(pytester):
    """Every encoded secret that the suite planted, encoding → texts; it wrote them down past every output."""
    found = {}
    for path in (pytester.path / "known").iterdir():
        for encoding, texts in json.loads(path.read_text(encoding="utf-8")).items():
            found.setdefault(encoding, set()).update(texts)
    return found


def leaks(outputs, encoded):
    """Where head, middle or tail of a planted text is to be seen: (output, encoding) → what."""
    found = {}
    for name, text in outputs.items():
        seen = {text, html.unescape(text), html.unescape(html.unescape(text))}
        seen |= {one.replace("\\\\", "\\").replace('\\"', '"').replace("\\/", "/") for one in seen}
        for encoding, texts in encoded.items():
            for whole in (text for text in texts if len(text) >= SHORTEST):
                middle = len(whole) // 2 - SHORTEST // 2
                # What is cut at both ends, by the suite and by pytest, is outside the promise.
                starts = (0,) if encoding == "cut" else (0, middle, len(whole) - SHORTEST)
                grams = {whole[at : at + SHORTEST] for at in starts}
                if shown := [gram for gram in grams if any(gram in one for one in seen)]:
                    found[name, encoding] = shown
    return found


FILES = ("--junitxml=out/junit.xml", "--html=out/report.html")
LOUD = ("-vv", "-rA", "--showlocals", "--log-cli-level=INFO", "--log-file=out/log.txt", *FILES, "--self-contained-html")


@pytest.mark.parametrize(
    ("half", "target", "arguments"),
    [(0, "demo", ("--color=yes", *LOUD)), (1, "demo-cookie", ("-n2", "-rA", "-l", "--tb=native", *FILES))],
    ids=["serial", "workers"],
)
def test_no_canary_gets_out(canaries, pytester, half, target, arguments):
    """425 places and encodings in two kinds of run: terminal, log file, JUnit, HTML with and without assets."""
    result, outputs = canaries(*arguments, half=half, target=target)

    encoded = planted(pytester)
    assert set(encoded) == set(ENCODINGS)
    assert len(COMBINATIONS[half::2]) >= 200
    counts = result.parseoutcomes()
    assert counts["failed"] > 100
    assert counts["inconclusive"] in {8, 9}
    assert {"junit.xml", "report.html"} <= set(outputs)
    assert leaks(outputs, encoded) == {}
    assert "INTERNALERROR" not in outputs["stdout"]
    assert all("***" in outputs[name] for name in ("stdout", "junit.xml", "report.html"))


def test_the_canaries_get_out_where_redaction_is_off(canaries, pytester):
    """The matrix can fail: without our part, what it plants is in the outputs that it reads."""
    _, outputs = canaries(*LOUD, "-p", "no:launchready-redacting", half=0)

    found = leaks(outputs, planted(pytester))
    assert {name for name, _ in found} == {"stdout", "junit.xml", "report.html", "log.txt"}
    assert {encoding for _, encoding in found} == set(ENCODINGS)
    text = "\n".join(html.unescape(output) for output in outputs.values())
    marks = set(re.findall(r"plant:(\w+)\.(\w+):(?!\*)", text))
    assert marks == set(COMBINATIONS[::2])
