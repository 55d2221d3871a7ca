"""What a user reads when the map is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_launchready.mapping.lines import key_lines
from pytest_launchready.mapping.load import load_map
from pytest_launchready.mapping.problems import MapError, shown

TARGET = '[targets.shop]\nkind = "staging"\napi = "https://api.shop.example"\n'
"""Three lines; what a case adds begins on line 4."""

ENVIRON = {"SHOP_PASSWORD": "correct-horse", "SHORT": "qz7", "NO_COLON": "no-colon-here"}


def complaint(tmp_path: Path, text: str, *, target: str = "shop", name: str = "launchready.toml") -> str:
    """The message for a map."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MapError) as caught:
        load_map(path, target, environ=ENVIRON)
    return str(caught.value)


def cases() -> list[tuple[str, str, str]]:
    """Title, map and message of every case in the file beside this one."""
    found = []
    for case in (Path(__file__).with_name("broken_maps.txt")).read_text("utf-8").split("=== ")[1:]:
        title, _, rest = case.partition("\n")
        text, _, message = rest.rpartition("\n---\n")
        found.append((title, text, message.strip()))
    return found


DEEP = [
    (
        "deep, but not too deep for JSON",
        f"[steps.x]\nrequest = 'POST /'\njson = '{'[' * 700 + ']' * 700}'",
        ":6: steps.x.json: is nested too deeply.",
    ),
    ("deep text", f"[steps.x]\nrequest = 'POST /'\njson = '{'[' * 20000}'", ":6: steps.x.json: is nested too deeply."),
    (
        "deep graphql",
        f"[steps.x]\nrequest = 'POST /'\ngraphql = '{'{a' * 3000}'",
        ":6: steps.x.graphql: is not GraphQL: Syntax Error: Document is nested too deeply.",
    ),
]


@pytest.mark.parametrize(("text", "message"), [pytest.param(*case, id=title) for title, *case in [*cases(), *DEEP]])
def test_a_broken_map_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    """Each message names the line, the key, what was got, what is allowed, and the nearest match."""
    whole = text.replace("\n@", "\n" + TARGET) if text.endswith("\n@") else f"{TARGET}{text}\n"
    said = complaint(tmp_path, whole)
    assert message in said
    assert said.startswith("launchready.toml:")
    assert len(said.splitlines()) <= 3
    for secret in ENVIRON.values():
        assert secret not in said


def test_a_literal_password_for_production(tmp_path: Path) -> None:
    """A password of production does not stand in a file; on staging it may."""
    text = """
[targets.live]
kind = "production"
api = "https://api.test"
basic = "gate:keeper-1"
[targets.live.people.admin]
password = "hunter2-hunter2"
[people.seller]
accounts = [ { email = "a@x.test", password = "hunter3" } ]
[auth]
basic = "api:hunter4"
[people.admin]
email = "a@x.test"
"""
    said = complaint(tmp_path, text, target="live").splitlines()
    rest = (
        "a password of a production target does not stand in the file; "
        "allowed: env:NAME or secret:PATH (a literal is for targets of kind staging or local)."
    )
    assert said == [
        f"launchready.toml:5: targets.live.basic: {rest}",
        f"launchready.toml:7: targets.live.people.admin.password: {rest}",
        f"launchready.toml:9: people.seller.accounts[0].password: {rest}",
        f"launchready.toml:11: auth.basic: {rest}",
    ]


def test_no_such_target(tmp_path: Path) -> None:
    """The message lists the targets there are."""
    said = complaint(tmp_path, TARGET, target="shpo")
    assert (
        said == "launchready.toml:1: targets: there is no such target, got 'shpo'; allowed: shop. Did you mean 'shop'?"
    )
    said = complaint(tmp_path, "[auth]\n", target="shop")
    assert said.endswith("there is no such target, got 'shop'; allowed: none: the map has no [targets.NAME].")


def test_a_target_that_is_no_table(tmp_path: Path) -> None:
    """A target written as text is wrong, whether it is the chosen one or another."""
    said = complaint(tmp_path, '[targets]\nshop = "https://a.test"\nother = 3\n').splitlines()
    assert "launchready.toml:2: targets.shop: got 'https://a.test'; allowed: a table." in said
    assert "launchready.toml:3: targets.other: got 3; allowed: a table." in said


def test_all_problems_at_once_on_one_screen(tmp_path: Path) -> None:
    """Twelve problems are shown, in the order of the file, and the rest is counted."""
    steps = "".join(f'[steps.s{place}]\nrequest = "GET x"\n' for place in range(14))
    lines = complaint(tmp_path, TARGET + steps).splitlines()
    assert len(lines) == 13
    assert lines[0].startswith("launchready.toml:5: steps.s0.request: is no target")
    assert lines[11].startswith("launchready.toml:27: steps.s11.request: ")
    assert lines[12] == "… and 2 more problems"
    steps = "".join(f'[steps.s{place}]\nrequest = "GET x"\n' for place in range(13))
    assert complaint(tmp_path, TARGET + steps).splitlines()[12] == "… and 1 more problem"


def test_long_values_and_lists_are_cut(tmp_path: Path) -> None:
    """A message stays short whatever the file holds."""
    assert complaint(tmp_path, TARGET + f'[steps.x]\nrequest = "GET {"x" * 500}"\n').count("x") < 100
    steps = "".join(f'[steps.s{place:02}]\nrequest = "GET /"\n' for place in range(40))
    said = complaint(tmp_path, TARGET + steps + 'undo = "t"\n')
    assert said.endswith("s28, s29 and 10 more.")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[steps\n", "launchready.toml:1: is not TOML: Expected ']' at the end of a table declaration at column 7."),
        (b'a = "x', "launchready.toml:1: is not TOML: "),
        (b"a = 1\na = 2\n", "launchready.toml:2: is not TOML: Cannot overwrite a value at column 6."),
        (b"a = 1\nb = \xff\n", "launchready.toml:2: is not UTF-8 text: byte 0xff."),
        (b"", "launchready.toml: the map is empty; allowed: [targets.NAME], [auth], [steps.NAME] and more."),
        (b"a = " + b"[" * 20000, "launchready.toml: is nested too deeply."),
        (b"[values]\n" + b"a." * 600 + b"a = 1", "launchready.toml: is nested too deeply."),
    ],
)
def test_what_is_no_map_at_all(tmp_path: Path, content: bytes, message: str) -> None:
    """A file that is not TOML, not text or not sane is named, with its line where there is one."""
    path = tmp_path / "launchready.toml"
    path.write_bytes(content)
    with pytest.raises(MapError) as caught:
        load_map(path, "shop", environ={})
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file, a folder and a name that cannot be are named, with the reason."""
    with pytest.raises(MapError, match=r"nope\.toml: cannot be read: no such file or directory"):
        load_map(tmp_path / "nope.toml", "shop", environ={})
    with pytest.raises(MapError, match="cannot be read: is a directory"):
        load_map(tmp_path, "shop", environ={})
    with pytest.raises(MapError, match="cannot be read: embedded null byte"):
        load_map(tmp_path / "a\0b", "shop", environ={})


def test_secrets_that_are_no_text(tmp_path: Path) -> None:
    """A secret file in some other encoding is named."""
    (tmp_path / "key").write_bytes(b"\xff\xfe\xfd\xfc\xfb\xfa")
    said = complaint(tmp_path, TARGET + '[people.a]\npassword = "secret:key"\n')
    assert "launchready.toml:5: people.a.password: key is not UTF-8 text." in said


def test_pyproject(tmp_path: Path) -> None:
    """In a pyproject.toml the whole key is named; one without our table says so."""
    text = '[project]\nname = "x"\n[tool.launchready.targets.shop]\nkind = "lokal"\napi = "http://a.test"\n'
    said = complaint(tmp_path, text, name="pyproject.toml")
    assert said == (
        "pyproject.toml:4: tool.launchready.targets.shop.kind: got 'lokal'; "
        "allowed: local, production, staging. Did you mean 'local'?"
    )
    said = complaint(tmp_path, "[tool]\nlaunchready = 3\n", name="pyproject.toml")
    assert "tool.launchready: [tool.launchready] is empty" in said
    said = complaint(tmp_path, "tool = 3\n", name="pyproject.toml")
    assert "[tool.launchready] is empty" in said


def test_lines_of_keys() -> None:
    """Every way to write a key in TOML has its line."""
    lines = key_lines(
        """# a comment
a.b = 1 # another
"quoted.key" = 'x' # end
'single' = 2027-01-01 10:00:00
[table . "with space"]
list = [
  1, # one
  { x = 1, y = { z = [ 2 ] } },
  [3],
]
text = \"\"\"
not = "a key"
\\\"\"\" ""\"\"\"\"
raw = '''
[not.a.table]
''''
empty = []
none = {}
[[many]]
a = "\\\\"
[[many.inner]]
b = true
[[many]]
a = 1e3
[many.sub]
c = 1
"""
    )
    assert lines["a", "b"] == 2
    assert lines["quoted.key",] == 3
    assert lines["single",] == 4
    table = ("table", "with space")
    assert lines[table] == 5
    assert lines[*table, "list"] == 6
    assert lines[*table, "list", 0] == 7
    assert lines[*table, "list", 1, "y", "z", 0] == 8
    assert lines[*table, "list", 2, 0] == 9
    assert lines[*table, "text"] == 11
    assert lines[*table, "raw"] == 14
    assert lines[*table, "empty"] == 17
    assert lines[*table, "none"] == 18
    assert lines["many", 0] == 19
    assert lines["many", 0, "inner", 0, "b"] == 22
    assert lines["many", 1, "a"] == 24
    assert lines["many", 1, "sub", "c"] == 26


def test_values_as_they_are_shown() -> None:
    """Values look as in the file."""
    assert [shown(value) for value in (True, 1, "a", ["b", {"c": None}])] == ["true", "1", "'a'", '["b", {"c": null}]']
