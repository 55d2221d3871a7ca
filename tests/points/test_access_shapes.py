"""Every shape of docs/access.md: its map finds the hole of a small server of that shape, and none in a healthy one."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/access.md").read_text(encoding="utf-8")
PART = PAGE.partition("\n## Ten shapes of APIs\n")[2].partition("\n## ")[0]
MAPS = {
    section.partition("\n")[0]: re.findall(r"^```toml\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for section in PART.split("\n### ")
}
[PEOPLE] = MAPS.pop(next(iter(MAPS)))
READ_UPDATE = {"read": "leak", "update": "written"}
ALL = {**READ_UPDATE, "delete": "deleted"}
SHAPES = {
    "The id stands in the path": ALL,
    "The id stands in the query, or in the body": ALL,
    "The id stands in a header": ALL,
    "GraphQL": READ_UPDATE,
    "There is no id: everybody has one": READ_UPDATE,
    "It is called by a code, a slug or a URL": READ_UPDATE,
    "It is listed": {"read": "leak", "list": "leak"},
    "It is not edited: its state changes": {"read": "leak", "update": "written"},
    "What is written is never shown": {"read": "leak", "update": "written"},
    "Some of it is open, some are partners, some ids are secrets": {"read": "passed", "update": "written"},
}
"""Shape → verb → the code of the stranger's check where the server lets everybody."""
NOBODY = (401, {"detail": "who are you?"})
NEVER = (404, {"detail": "no such note"})


class Shop:
    """A server that speaks all shapes; where it is open, it never asks whose a note is."""

    def __init__(self, anyone, app, *, is_open):
        self.anyone, self.app, self.is_open = anyone, app, is_open

    def __call__(self, request, person, note, _mine):
        """The answer to a request for a note."""
        note = note or next((one for one in self.app.notes.values() if one["code"] == request.parts[-1]), None)
        if request.parts[-1] in {"close", "writer"}:
            note = self.app.notes.get(request.parts[1])
        if request.line == "GET /notes":
            return self._listed(person)
        if request.path == "/my/note":
            note = next(iter(self.app.notes.values())) if self.is_open else self.app.of(person) if person else None
        if note is not None and not (self.is_open or (person and note["by"] == person["id"])):
            note = note if request.method == "GET" and "public" in self.app.extra else None
        if person is None and not self.is_open:
            note = None
        if request.path == "/graphql":
            return self._graphql(request, note)
        if note is None:
            return NEVER if person else NOBODY
        return self._act(request, note)

    def _act(self, request, note):
        said = request.json if request.body else {}
        if request.path.endswith("/close"):
            note["state"] = "closed"
        elif request.path.endswith("/writer"):
            writer = next(one for one in self.anyone.people.values() if one["id"] == note["by"])
            writer["password"] = said["password"]
        elif "text" in said:
            note["text"] = said["text"]
        elif request.method == "DELETE" or request.path == "/note/drop":
            del self.app.notes[str(note["id"])]
            return 204, None
        return 200, note

    def _listed(self, person):
        if person is None and not self.is_open:
            return NOBODY
        shown = [one for one in self.app.notes.values() if self.is_open or one["by"] == person["id"]]
        return 200, {"items": [{"id": one["id"], "code": one["code"]} for one in shown]}

    @staticmethod
    def _graphql(request, note):
        if note is None:
            return 200, {"data": {"note": None}, "errors": [{"message": "no such note"}]}
        note["text"] = request.json["variables"].get("text", note["text"])
        return 200, {"data": {"note": note}}


def test_the_page_has_ten_shapes():
    """Each is tried here."""
    assert list(MAPS) == list(SHAPES)
    assert len(SHAPES) == 10


@pytest.mark.parametrize("is_open", [False, True], ids=["healthy", "vulnerable"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_judged_right(judge, notes, anyone, shape, is_open):
    """By the map as it stands on the page."""
    [text] = MAPS[shape]
    app = notes(None)
    app.extra = text
    app.answer = Shop(anyone, app, is_open=is_open)
    contract, _, resource = text.rpartition('[resources.note]\nmade_by = "make_note"\n')
    found = judge(app, resource, people=PEOPLE, note="\n" + contract)
    assert not [name for name, verdict in found.items() if verdict and verdict.outcome == "inconclusive"]
    strangers = {
        name.partition(".")[0]: verdict.code or verdict.outcome
        for name, verdict in found.items()
        if name.endswith(".stranger")
    }
    assert strangers == (SHAPES[shape] if is_open else dict.fromkeys(SHAPES[shape], "passed"))
