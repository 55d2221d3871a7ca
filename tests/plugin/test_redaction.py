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


@pytest.fixture
def with_key(shop, pytester, monkeypatch):
    """A function that runs a suite whose map names a secret of the environment, and gives what was written."""
    monkeypatch.setenv("SHOP_KEY", KEY)
    path = pytester.path / "launchready.toml"
    path.write_text(path.read_text(encoding="utf-8") + '\n[values]\nkey = "env:SHOP_KEY"\n', encoding="utf-8")

    def run(*arguments, source, conftest=""):
        if conftest:
            path = pytester.path / "conftest.py"
            path.write_text(f"{path.read_text(encoding='utf-8')}\nimport os\n{conftest}\n", encoding="utf-8")
        result = shop(*arguments, source=source)
        return result, result.stdout.str() + result.stderr.str()

    return run


KEY = "Zk3-rq8_Tw1xLm5vBn7Q"
OUTSIDE = {
    "collection": ("import os; raise ValueError(os.environ['SHOP_KEY'])", ""),
    "internal error": (
        "def test_it(): pass",
        "def pytest_collection_modifyitems(): raise ValueError(os.environ['SHOP_KEY'])",
    ),
    "internal error in a report hook": (
        "def test_it(): pass",
        "KEY = os.environ['SHOP_KEY']\ndef pytest_runtest_logreport(): raise ValueError(f'{KEY[:9]}\\n{KEY[9:]}')",
    ),
    "exit": ("import os, pytest\ndef test_it(): pytest.exit(os.environ['SHOP_KEY'])", ""),
    "warning": ("import os, warnings\ndef test_it(): warnings.warn(os.environ['SHOP_KEY'], DeprecationWarning)", ""),
    "line of a warning": (f"import warnings\ndef test_it():\n    warnings.warn('old', stacklevel=1)  # {KEY}", ""),
    "extra of a log": (
        "import logging, os\ndef test_it(): logging.error('x', extra={'k': os.environ['SHOP_KEY']})",
        "",
    ),
    "stack of a log": (
        f"import logging, os\ndef test_it():\n    logging.error('x', stack_info=True)  # {KEY}\n    assert 0",
        "",
    ),
    "wrong log": (
        "import logging, os\ndef test_it():\n    logging.error('%d', os.environ['SHOP_KEY'])\n    assert 0",
        "",
    ),
}


CARRIED = ("collection", "internal error in a report hook")
"""What travels from a worker of xdist in a way of its own."""


@pytest.mark.parametrize(
    ("place", "workers"),
    [*((place, ()) for place in OUTSIDE), *((place, ("-n1",)) for place in CARRIED)],
    ids=[*OUTSIDE, *(f"{place}, by xdist" for place in CARRIED)],
)
def test_what_goes_wrong_outside_tests_shows_nothing(with_key, pytester, place, workers):
    """Collection, pytest's own errors, the end of a run, warnings with their line, all a log record carries."""
    source, conftest = OUTSIDE[place]
    log = (
        "--log-file=log.txt",
        "--log-file-format=%(message)s %(k)s" if "extra" in place else "--log-file-format=%(message)s",
    )
    result, text = with_key(
        "--full-trace",
        "-l",
        "--junitxml=junit.xml",
        *log,
        *workers,
        source=source,
        conftest=conftest,
    )
    assert result.ret is not None
    files = [path.read_text() for path in (pytester.path / "junit.xml", pytester.path / "log.txt") if path.exists()]
    assert any("***" in output for output in (text, *files))
    for output in (text, *files):
        assert KEY[:9] not in output
        assert KEY[9:] not in output


def test_generated_people_are_readable_and_real_ones_are_not(with_key, pytester, monkeypatch):
    """A report tells which test person did what; who owns an account that exists is nobody's business."""
    monkeypatch.setenv("ADMIN_PASSWORD", "pass-word-of-admin-1")
    path = pytester.path / "launchready.toml"
    path.write_text(
        path.read_text(encoding="utf-8")
        + '\n[people.admin]\nemail = "jane.doe@acme.example"\nname = "Jane van Doe"\nrole = "superuser"\n'
        'password = "env:ADMIN_PASSWORD"\nlogin = "enter"\n[people.admin.auth]\n'
        'headers = { authorization = "Bearer key-for-person-77" }\n[steps.enter]\nrequest = "POST /listings"\n'
        'json = { title = "{{ account.email }}" }\ncapture = { number = "id" }\n',
        encoding="utf-8",
    )
    _, text = with_key(
        source="""
        def test_it(buyer, admin):
            who = (buyer.account.email, buyer.account.name, admin.account.email, admin.account.name, admin.account.role)
            print(who, admin.account, admin.account.known())
            assert buyer.account.email == admin.account.email
    """,
    )
    assert "@example.com" in text
    assert "'superuser'" in text
    assert "Jane" not in text
    assert "jane.doe" not in text
    assert "pass-word-of-admin" not in text


def test_switching_redaction_off_is_a_choice_that_has_a_name(with_key):
    """`-p no:launchready-redacting` shows everything: for somebody who looks for a fault alone."""
    _, text = with_key(
        "-p", "no:launchready-redacting", source="import os\ndef test_it(): assert os.environ['SHOP_KEY'] == 1"
    )
    assert KEY in text
