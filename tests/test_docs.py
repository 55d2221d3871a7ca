"""The documentation is true: its maps load and run, its tests pass, its messages are what the program prints."""

import ast
import re
import runpy
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from jmespath.functions import Functions
from msgspec import Struct

from pytest_launchready.demo import start
from pytest_launchready.mapping import load, scopes
from pytest_launchready.mapping import tables as tables_of_maps
from pytest_launchready.mapping.filters import FILTERS
from pytest_launchready.mapping.functions import AnswerFunctions
from pytest_launchready.mapping.load import load_map
from pytest_launchready.mapping.problems import MapError
from pytest_launchready.mapping.references import KNOWN_STEPS

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
ADMIN = {"LAUNCHREADY_DEMO_ADMIN_EMAIL": "admin@demo.example", "LAUNCHREADY_DEMO_ADMIN_PASSWORD": "correct-horse"}
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
BY_HAND = "http://127.0.0.1:8000"
ASSERTIONS = "What you can assert"
"""The part of docs/tests.md that wants more of a map than the grown one has."""
FAMILIES = {
    "access": {"access"},
    "audit": {"build", "safety", "flows"},
    "contract": {"contract"},
    "latency": {"latency"},
    "limits": {"limits"},
}
"""Page → the families of checks that it is about."""
OTHER_STEPS = """
[steps.use_coupon]
request = "POST /coupons"
json    = { code = "{{ code }}" }
[steps.seed_listings]
request = "POST /seed"
json    = { rows = "{{ rows }}" }
"""
"""What maps of the pages speak of and the grown map has not."""


@dataclass(frozen=True)
class Block:
    """A fenced block and the headings above it."""

    part: str
    heading: str
    language: str
    text: str


def blocks(path):
    """The fenced blocks of a page, in order."""
    part = heading = ""
    found, fence = [], None
    for line in path.read_text(encoding="utf-8").splitlines():
        if fence is not None:
            if line == "```":
                found.append(Block(part, heading, fence[0], "\n".join(fence[1:]) + "\n"))
                fence = None
            else:
                fence.append(line)
        elif line.startswith("```"):
            fence = [line[3:]]
        elif line.startswith("## "):
            part, heading = line[3:], ""
        elif line.startswith("### "):
            heading = line[4:]
    return found


def pattern(text):
    """A quoted output as a regular expression: … is anything, and numbers and paddings differ from run to run."""
    pieces = [re.escape(piece) for piece in text.strip().split("…")]
    return re.sub(r"-{5,}", "-+", re.sub(r"\\-", "-", r"[\s\S]*?".join(pieces)))


def tables(text):
    """The text of a map by the name of its tables: "steps.login" → its lines, entries of `requests` included."""
    found, name = {}, ""
    for line in text.splitlines():
        header = re.match(r"\[{1,2}([\w.-]+)\]{1,2}", line)
        if header and not line.startswith((" ", "{")):
            name = ".".join(header[1].split(".")[:2])
        found.setdefault(name, []).append(line)
    return {name: "\n".join(lines) + "\n" for name, lines in found.items()}


def grown():
    """The growing map at each heading of its part."""
    so_far, stages = {}, {}
    for block in blocks(ROOT / "docs/map.md"):
        if block.part == "From ten lines to a hundred" and block.heading:
            if block.language == "toml":
                so_far |= tables(block.text)
            stages[block.heading] = "".join(so_far.values())
    return stages


GROWN = grown()


@pytest.fixture(scope="module")
def demo():
    """The demo marketplace, as a reader starts it by hand."""
    server = start(admin_password=ADMIN["LAUNCHREADY_DEMO_ADMIN_PASSWORD"])
    yield server
    server.stop()


@pytest.fixture
def as_admin(monkeypatch):
    """The admin's account in the environment, as the pages say."""
    for name, value in ADMIN.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("stage", GROWN)
def test_the_growing_map_runs_at_every_stage(pytester, demo, as_admin, stage):
    """What a reader has after each part is a whole map, and the tests of that part pass with it."""
    page = [block for block in blocks(ROOT / "docs/map.md") if block.heading == stage]
    pytester.makefile(".toml", launchready=GROWN[stage].replace(BY_HAND, demo.url))
    pytester.makeini(INI)
    pytester.makepyfile(test_page="\n\n".join(block.text for block in page if block.language == "python"))

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--launchready-target=local")

    tests = sum(block.text.count("def test_") for block in page)
    if tests:
        result.assert_outcomes(passed=tests)
    result.stdout.no_fnmatch_line("could not undo*")


def test_the_grown_map_is_a_hundred_lines_and_fits_every_target(tmp_path):
    """Its end is a map for production too, in about a hundred lines of bearable width."""
    text = list(GROWN.values())[-1]
    (tmp_path / "launchready.toml").write_text(text)

    for target in ("local", "prod"):
        assert load_map(tmp_path / "launchready.toml", target, environ=ADMIN).target.name == target

    lines = [line for line in text.splitlines() if line.strip()]
    assert (len(lines) <= 130, max(map(len, lines)) <= 160) == (True, True)


def test_every_map_has_lines_of_bearable_width():
    """No map of the pages is wider than 160 columns."""
    texts = [block.text for page in PAGES for block in blocks(page) if block.language == "toml"]
    assert [line for text in texts for line in text.splitlines() if len(line) > 160] == []


def test_the_reference_names_everything_that_a_map_may_say():
    """Every key, name, filter, function and step that the loader knows stands in the page's reference."""
    page = (ROOT / "docs/map.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", page[page.index("\n## Reference\n") : page.index("\n## When the map is wrong\n")]))
    structs = [kind for kind in vars(tables_of_maps).values() if isinstance(kind, type) and issubclass(kind, Struct)]
    keys = {key for kind in structs if kind is not Struct for key in kind.__struct_fields__}
    own = {name for name in AnswerFunctions.FUNCTION_TABLE if name not in Functions.FUNCTION_TABLE}
    assert keys | scopes.ACCOUNT | scopes._ROOTS | KNOWN_STEPS | set(FILTERS) | own <= words
    assert set(load._TABLES) <= words


def wrong_maps():
    """Pairs of a wrong map and what the page says of it."""
    found = [block for block in blocks(ROOT / "docs/map.md") if block.part == "When the map is wrong"]
    head, *rest = [block.text for block in found if not block.heading]
    return [(head + "\n" + text, said) for text, said in zip(rest[::2], rest[1::2], strict=True)]


@pytest.mark.parametrize(("text", "said"), wrong_maps())
def test_messages_about_wrong_maps_are_what_is_printed(tmp_path, text, said):
    """Each wrong map of the page gives exactly the lines below it."""
    (tmp_path / "launchready.toml").write_text(text)
    with pytest.raises(MapError) as caught:
        load_map(tmp_path / "launchready.toml", "shop", environ={})
    assert re.fullmatch(pattern(said), str(caught.value)), str(caught.value)


@pytest.mark.parametrize("place", [0, 1])
def test_messages_about_wrong_answers_are_what_is_printed(pytester, demo, as_admin, place):
    """A map that expects another answer fails as the page shows."""
    said = [b.text for b in blocks(ROOT / "docs/map.md") if b.heading.startswith("When the map is right")][place]
    change = [('ok      = [201]\ncapture = { id = "id", t', 'ok      = [200]\ncapture = { id = "id", t')]
    change += [
        ('capture = { id = "id", title = "title", price = "price" }\nundo', 'capture = { id = "data.id" }\nundo')
    ]
    text = list(GROWN.values())[3].replace(BY_HAND, demo.url)
    assert change[place][0] in text
    pytester.makefile(".toml", launchready=text.replace(*change[place]))
    pytester.makeini(INI)
    pytester.makepyfile("def test_it(seller): seller.create_listing()")

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--launchready-target=local")

    result.assert_outcomes(failed=1)
    printed = "\n".join(line.removeprefix("E").strip() for line in result.outlines)
    wanted = "\n".join(line.strip() for line in said.replace(BY_HAND, demo.url).splitlines())
    assert re.search(pattern(wanted), printed), printed


def test_the_end_of_a_run_reads_as_on_the_page(pytester, demo, as_admin):
    """What was sent, undone and left behind is told in these words."""
    stage = next(name for name in GROWN if name.startswith("8."))
    said = next(b.text for b in blocks(ROOT / "docs/map.md") if b.heading == stage and b.language == "text")
    pytester.makefile(".toml", launchready=GROWN[stage].replace(BY_HAND, demo.url))
    pytester.makeini(INI)
    pytester.makepyfile("def test_it(order): pass")

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--launchready-target=local")

    wanted = re.sub(r"\d+", r"\\d+", pattern(said)).replace("8c1f0b7e", r"\S+")
    wanted = re.sub(r"\(.*?\)", r"(\\S+)", wanted.replace(r"\(", "(").replace(r"\)", ")"))
    assert re.search(wanted.replace("(", r"\(").replace(")", r"\)"), result.stdout.str()), wanted


@dataclass(frozen=True)
class Lesson:
    """What stands under one heading of the page about tests: code, and what it prints."""

    heading: str
    conftest: str
    tests: str
    fails: bool
    says: str


def lessons(*names):
    """The runnable examples of some pages; the first line of a block says what is special."""
    found, conftest = [], ""
    pages = [block for page in names for block in blocks(ROOT / page)]
    for place, block in enumerate(pages):
        if block.language != "python" or block.text.startswith("# script.py"):
            continue
        if block.text.startswith("# conftest.py"):
            conftest = block.text
            continue
        ends_badly = block.text.startswith(("# fails", "# inconclusive"))
        says = pages[place + 1].text if ends_badly else ""
        found.append(Lesson(block.part or "README", conftest, block.text, ends_badly, says))
        conftest = ""
    return found


LESSONS = lessons("docs/tests.md")


@pytest.mark.parametrize(
    "lesson", [one for one in LESSONS if one.heading != ASSERTIONS], ids=lambda lesson: lesson.heading
)
def test_examples_of_tests_run(pytester, demo, as_admin, lesson):
    """Every example of a test passes against the demo; one that is meant to end badly says what the page says."""
    pytester.makefile(".toml", launchready=list(GROWN.values())[-1].replace(BY_HAND, demo.url))
    pytester.makeini(INI)
    if lesson.conftest:
        pytester.makeconftest(lesson.conftest)
    (pytester.path / "test_page.py").write_text(lesson.tests)

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--launchready-target=local")

    if not lesson.fails:
        result.assert_outcomes(passed=lesson.tests.count("def test_"))
        return
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    printed = "\n".join(line.removeprefix("E").strip() for line in result.outlines)
    wanted = "\n".join(line.strip() for line in lesson.says.replace(BY_HAND, demo.url).splitlines())
    assert re.search(re.sub("={5,}", "=+", pattern(wanted)), printed), printed


@pytest.mark.parametrize(
    "page", ["README.md", *(f"docs/{name}.md" for name in (*FAMILIES, "tests") if name != "audit")]
)
def test_examples_of_assertions_run(pytester, page):
    """The tests on a page pass, all in one run, against the demo with its own map."""
    found = [one for one in lessons(page) if page != "docs/tests.md" or one.heading == ASSERTIONS]
    pytester.makeini(INI)
    for place, lesson in enumerate(found):
        (pytester.path / f"test_page_{place}.py").write_text(lesson.tests)

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--launchready-target=demo")

    result.assert_outcomes(passed=sum(lesson.tests.count("def test_") for lesson in found))


def test_every_assertion_has_an_example():
    """No fixture that judges can be added without a test on the page that uses it."""
    shown = "".join(lesson.tests for lesson in LESSONS if lesson.heading == ASSERTIONS)
    modules = (ROOT / "src/pytest_launchready/fixtures").glob("*.py")
    names = {
        name for path in modules for name in re.findall(r"^def (assert_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert len(names) >= 10
    assert sorted(name for name in names if f"    {name}(" not in shown and f"await {name}(" not in shown) == []


def test_a_resource_of_five_lines_is_judged(pytester, demo, as_admin):
    """The first map of the page about access is all that the checks of a resource need; none of them fails."""
    lines = next(block.text for block in blocks(ROOT / "docs/access.md") if block.language == "toml")
    assert len(lines.splitlines()) == 5
    pytester.makefile(".toml", launchready=(list(GROWN.values())[-1] + lines).replace(BY_HAND, demo.url))
    pytester.makeini(INI)

    result = pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "--launchready-target=local", "--launchready-checks=access.order.*"
    )

    result.assert_outcomes(passed=10)  # three verbs by three, and existence


def test_a_finding_reads_as_on_the_page_about_access(pytester):
    """Control, attack, masked proof, command, remedy and reference, in these words and in this order."""
    said = next(block.text for block in blocks(ROOT / "docs/access.md") if block.part == "Reading a finding")
    pytester.makeini(INI)

    result = pytester.runpytest_inprocess(
        *("-p", "no:cacheprovider", "--launchready-target=demo", "--launchready-demo-defects=order-readable"),
        "--launchready-checks=access.order.read.stranger",
    )

    wanted = pattern(re.sub(r"https://\S+|/orders/17|order 17|\d+ ms|anna", "…", said))
    assert re.search(wanted, result.stdout.str()), result.stdout.str()


def test_an_audit_says_how_much_it_sends(pytester):
    """Its first line is the one on the page about audits; all of access sends no more than its own page says."""
    said = next(
        block.text for block in blocks(ROOT / "docs/audit.md") if block.text.startswith("launchready: audit of")
    )
    pytester.makeini(INI)

    result = pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "--launchready-target=demo", "--launchready-audit=access"
    )

    result.assert_outcomes(passed=73, skipped=5)
    result.stdout.fnmatch_lines([said.strip()])
    [sent] = re.findall(r"^(\d+) requests sent", result.stdout.str(), re.MULTILINE)
    assert int(sent) <= 400


@pytest.mark.parametrize("page", FAMILIES)
def test_maps_of_a_page_load(tmp_path, page):
    """What a page says that a map may say stands well in the grown map."""
    (tmp_path / "contracts").mkdir()
    for block in blocks(ROOT / f"docs/{page}.md"):
        if block.language == "toml" and block.part != "Ten shapes of APIs":  # these have a test of their own
            whole = tables(list(GROWN.values())[-1]) | tables(OTHER_STEPS) | tables(block.text)
            (tmp_path / "launchready.toml").write_text("".join(whole.values()))
            assert load_map(tmp_path / "launchready.toml", "local", environ=ADMIN)


def test_the_script_without_pytest_runs(tmp_path, demo, as_admin):
    """A program of a few lines drives the marketplace, undoes what it made, and ends well."""
    [text] = [b.text for b in blocks(ROOT / "docs/tests.md") if b.text.startswith("# script.py")]
    (tmp_path / "script.py").write_text(text)
    (tmp_path / "launchready.toml").write_text(list(GROWN.values())[-1].replace(BY_HAND, demo.url))

    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert re.search(r"@example\.com \d+\nUndone\(undone=1, left=\(\), failed=\(\)", done.stdout), done.stdout


def test_the_page_of_settings_is_made_from_their_table():
    """No setting can be added without its line on the page: `python docs/make_settings.py` writes it."""
    made = runpy.run_path(str(ROOT / "docs/make_settings.py"))["render"]()
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == made


@pytest.fixture(scope="module")
def catalogue():
    """The script that makes the page of all checks, as a module's names."""
    return runpy.run_path(str(ROOT / "docs/make_checks.py"))


def test_the_page_of_checks_is_made_from_the_catalogue(catalogue):
    """No check can be added without its line on the page: `python docs/make_checks.py` writes it."""
    assert (ROOT / "docs/checks.md").read_text(encoding="utf-8") == catalogue["render"]()


def test_the_page_of_checks_names_nothing_of_one_map(catalogue):
    """Ids, sentences and remedies leave open what a team's own map calls its steps and resources."""
    text = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
    for own in ("request_reset", "create_invite", "listing", "invite", "demo", str(ROOT)):
        assert not re.search(rf"(?<![\w-]){re.escape(own)}(?![\w-])", text), own


@pytest.mark.parametrize("page", FAMILIES)
def test_every_check_has_its_words_on_the_page_of_its_family(catalogue, page):
    """No check can be added without saying what it proves."""
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    names = [name for name in catalogue["general_ids"]() if name.partition(".")[0] in FAMILIES[page]]
    assert names
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", FAMILIES)
def test_every_code_of_a_verdict_has_its_words(page):
    """Whoever reads a code in the ledger finds it on the page of its family."""
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    probes = ROOT / "src/pytest_launchready/probes"
    found = set()
    for family in FAMILIES[page]:
        paths = [probes / f"{family}.py", *(probes / family).rglob("*.py")]
        found |= {code for path in paths if path.exists() for code in codes(path)}
    assert sorted(code for code in found if f"`{code}`" not in text) == []


def codes(path):
    """The codes of verdicts that a module writes down."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id == "inconclusive" and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value
        for word in node.keywords:
            if word.arg == "code" and isinstance(word.value, ast.Constant) and word.value.value:
                yield word.value.value


def test_the_header_on_the_page_of_settings_is_what_a_run_prints(pytester, monkeypatch):
    """Target, run, seed and map; then what is not a default, with its source."""
    [block] = [block for block in blocks(ROOT / "docs/settings.md") if block.language == "text"]
    monkeypatch.setenv("LAUNCHREADY_SEED", "421337")
    pytester.makeini(INI)
    pytester.makefile(".toml", launchready='[targets.demo]\nkind = "local"\n')
    pytester.makepyfile("def test_it(): pass")

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--launchready-target=demo")

    wanted = pattern(block.text).replace("lrkqzvmwtx", "lr[a-z]{8}")
    assert re.search(wanted, result.stdout.str()), result.stdout.str()


def test_the_map_of_the_readme_loads(tmp_path):
    """The first map that people see is a good one."""
    [text] = [block.text for block in blocks(ROOT / "README.md") if block.language == "toml"]
    (tmp_path / "launchready.toml").write_text(text)
    assert load_map(tmp_path / "launchready.toml", "prod", environ={}).target.kind == "production"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_the_pages_lead_somewhere(page):
    """Every link to a file or a heading of the repository has its end."""
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = link.partition("#")
        if file.startswith("http"):
            continue
        there = page.parent / file if file else page
        assert there.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert anchor in slugs, (link, slugs)
