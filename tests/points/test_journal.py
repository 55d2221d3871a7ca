"""What a run makes is written down before it is sent, so that whoever comes after a kill can finish."""

import contextlib
import json
import re
import stat
from dataclasses import replace

import pytest

from pytest_launchready.core.errors import LaunchreadyError, UseError
from pytest_launchready.core.failures import StepFailure
from pytest_launchready.flows.home import folder_above
from pytest_launchready.flows.journal import LEFT, claim, journals, living, read
from pytest_launchready.flows.keys import Key, key_of
from pytest_launchready.flows.made import Undone
from pytest_launchready.flows.marketplace import Marketplace
from pytest_launchready.flows.run import Run, with_journal
from pytest_launchready.flows.tidying import seconds_of, tidy
from pytest_launchready.mapping.load import load_map
from pytest_launchready.wire.engine import Engine

RUN = "lrbcdfghjk"
PEOPLE = """
[targets.here]
kind = "local"
api = "$API"
[auth]
bearer = "token"
[people.admin]
email = "boss@shop.test"
password = "env:ADMIN"
[steps.signup]
request = "POST /people"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
capture = { id = "id" }
undo = "leave"
[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
[steps.leave]
request = "DELETE /me"
"""
GOODS = """
[steps.create_listing]
actor = "seller"
request = "POST /listings"
json = { title = "{{ listing.title }}" }
capture = { id = "id" }
undo = "delete_listing"
[steps.get_listing]
request = "GET /listings/{{ listing.id }}"
capture = { id = "id" }
[steps.delete_listing]
request = "DELETE /listings/{{ listing.id }}"
[steps.search]
request = "GET /listings"
query = { q = "{{ search.text }}" }
items = "@"
capture = { id = "id" }
"""
ADMIN = """
[resources.account]
list = { request = "GET /people", actor = "admin", items = "@", capture = { id = "id", email = "email" } }
delete = { request = "DELETE /people/{{ id }}", actor = "admin" }
"""


class Shop:
    """A marketplace that keeps what it is given, and notes what the journal said when it was asked."""

    def __init__(self):
        self.people = {"boss@shop.test": {"id": 1, "email": "boss@shop.test", "password": "the boss's word"}}
        self.goods = {}
        self.numbers = iter(range(2, 1000))
        self.watch = lambda _: None
        self.broken = False
        """Whether it makes things and answers with an error."""
        self.lists_all = False
        """Whether search shows everything, as one that knows what is similar."""
        self.sticky = False
        """Whether it says that it deletes, and does not."""

    def __call__(self, request):  # noqa: C901, PLR0911 - a row for each route
        """Answer as a function would."""
        self.watch(request)
        me = next((one for one in self.people.values() if f"token-of-{one['id']}" == request.bearer), None)
        match request.method, request.parts:
            case "POST", ["people"]:
                self.people[request.json["email"]] = {"id": next(self.numbers), **request.json}
                return (500, None) if self.broken else (201, {"id": self.people[request.json["email"]]["id"]})
            case "POST", ["sessions"]:
                one = self.people.get(request.json["email"])
                good = one is not None and one["password"] == request.json["password"]
                return (200, {"token": f"token-of-{one['id']}"}) if good else (401, None)
            case "GET", ["people"]:
                return 200, [{"id": one["id"], "email": one["email"]} for one in self.people.values()]
            case "DELETE", ["people", number]:
                self.people = {email: one for email, one in self.people.items() if str(one["id"]) != number}
                return 204, None
            case "DELETE", ["me"] if me:
                del self.people[me["email"]]
                return 204, None
            case "POST", ["listings"]:
                number = next(self.numbers)
                self.goods[number] = {"id": number, **request.json}
                return (500, None) if self.broken else (201, {"id": number})
            case "GET", ["listings"]:
                text = request.query["q"][0]
                return 200, [one for one in self.goods.values() if self.lists_all or text in one["title"]]
            case method, ["listings", number]:
                if int(number) not in self.goods:
                    return 404, None
                if method == "DELETE" and not self.sticky:
                    del self.goods[int(number)]
                return 200, self.goods.get(int(number), {})
        return 401, None


@pytest.fixture
def home(tmp_path):
    """The folder of a workspace."""
    return tmp_path / ".launchready"


@pytest.fixture
def shop():
    """A marketplace in one function."""
    return Shop()


@pytest.fixture
def start(serve, shop, tmp_path, home):
    """A function: starts a run on the marketplace."""
    server = serve(shop)
    with contextlib.ExitStack() as stack:

        def begin(text=PEOPLE + GOODS, run=RUN):
            (tmp_path / "launchready.toml").write_text(text.replace("$API", server.url))
            engine = Engine()
            stack.callback(engine.close)
            mapped = load_map(tmp_path / "launchready.toml", "here", environ={"ADMIN": "the boss's word"})
            market = Marketplace(engine, mapped, with_journal(Run(run, 7, key=key_of(home)), home, mapped.target))
            stack.callback(market.leave)
            return market

        yield begin


def kill(market):
    """What `kill -9` does: the lock of the journal is gone, connections are closed, and nothing else happens."""
    market.run.journal.leave()
    register = market.company.stage.register
    register.journal, register.made = None, []
    market.leave()


def sweep(market, home, **options):
    engine = Engine()
    try:
        return tidy(market.map, home, engine, **options)
    finally:
        engine.close()


def lines(home):
    (path,) = journals(home)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_an_intent_is_on_the_disk_before_anything_is_sent(start, shop, home):
    """When the server gets a create, the journal has its intent already, and its id right after."""
    seen = []
    shop.watch = lambda request: request.method == "POST" and seen.append((request.path, lines(home)[-1]))
    market = start()
    market.new_listing()

    sent = [(path, line["do"], line.get("kind")) for path, line in seen if path != "/sessions"]
    assert sent == [("/people", "intent", "account"), ("/listings", "intent", "listing")]
    assert lines(home)[-1] == {"do": "made", "n": 2, "id": "3", "names": {"id": 3, "listing": {"id": 3}}}
    assert market.leave() == Undone(undone=2)


def test_the_journal_says_what_a_sweep_must_know_and_no_secret(start, home):
    """Target, run, process; of people role and address; no password, token or key."""
    market = start()
    market.get_actor("admin")
    seller = market.get_actor("seller")
    market.new_listing()

    head = lines(home)[0]
    assert (head["target"], head["run"], head["api"]) == ("here", RUN, market.map.target.api)
    assert {"pid", "version", "started"} <= head.keys()
    text = next(journals(home)).read_text()
    assert seller.account.email in text
    for secret in ("the boss's word", "boss@shop.test", "token-of", market.run.key.password(seller.account.email)):
        assert secret not in text
    assert not re.search("password|nonce", text)


def test_a_run_that_ends_well_leaves_no_journal(start, home):
    """What is undone needs no record."""
    market = start()
    market.new_listing()
    assert market.leave().undone == 2
    assert list(journals(home)) == []


def test_a_killed_run_is_finished_by_a_sweep(start, shop, home):
    """As the people who made it, with passwords that derive from the key."""
    market = start()
    market.new_listing()
    kill(market)

    assert sweep(market, home) == ([f"run {RUN}: 2 objects undone"], True)
    assert (list(shop.people), shop.goods, list(journals(home))) == (["boss@shop.test"], {}, [])
    assert sweep(market, home) == ([f"no killed run has left a journal for here in {home}"], True)


def test_a_dry_run_says_what_would_be_undone(start, shop, home):
    """And touches nothing; the exit status tells that something remains."""
    market = start()
    lamp = market.new_listing()
    kill(market)

    said, clean = sweep(market, home, dry=True)
    assert said == [f"run {RUN}: would undo account 2", f"run {RUN}: would undo listing {lamp.id}"]
    assert not clean
    assert lamp.id in shop.goods
    assert sweep(market, home)[1]


def test_the_journal_of_a_live_process_is_left_alone(start, shop, home):
    """Two runs at once never undo each other's things; a young journal waits where an age is asked for."""
    market = start()
    lamp = market.new_listing()

    assert sweep(market, home) == ([f"left alone, their runs are alive: {RUN}.jsonl"], True)
    assert lamp.id in shop.goods
    kill(market)
    assert sweep(market, home, older_than=3600)[0] == [f"no killed run has left a journal for here in {home}"]
    assert sweep(market, home)[1]


@pytest.mark.parametrize("kind", ["listing", "account"])
def test_a_create_without_an_answer_is_found_by_its_tag(start, shop, home, kind):
    """Killed between request and answer: search shows the listing, log-in the account, and both are undone."""
    market = start()
    market.get_actor("seller")
    shop.watch = lambda request: setattr(shop, "broken", request.parts in (["people"], ["listings"]))
    with pytest.raises(StepFailure):
        market.new_listing() if kind == "listing" else market.get_actor("buyer")
    kill(market)

    assert sweep(market, home) == ([f"run {RUN}: 2 objects undone"], True)
    assert (list(shop.people), shop.goods) == (["boss@shop.test"], {})


def test_a_create_that_never_arrived_leaves_nothing_to_tell(start, shop, home):
    """A search that does not show it settles the matter."""
    market = start()
    seller = market.get_actor("seller")
    number = market.run.journal.intend(
        "listing",
        "Lamp",
        {"person": "seller", "step": "create_listing", "undo": ["delete_listing"], "names": {}, "words": [f"{RUN}77"]},
    )
    kill(market)

    assert number == 2
    assert sweep(market, home) == ([f"run {RUN}: 1 object undone"], True)
    assert seller.account.email not in shop.people


def test_the_undo_of_a_broken_create_is_not_guessed(start, shop):
    """At the end of a run, too, what had no answer is looked for by its tag, and undone."""
    market = start()
    market.get_actor("seller")
    shop.broken = True
    with pytest.raises(StepFailure):
        market.new_listing()
    shop.broken = False

    assert market.leave() == Undone(undone=2)
    assert shop.goods == {}


def test_absence_is_proven(start, shop, home):
    """A server that says it has deleted, and has not, is found out; the journal stays for a later try."""
    market = start()
    lamp = market.new_listing()
    shop.sticky = True
    left = market.leave()

    ((kind, number, why),) = left.failed
    assert (kind, number) == ("listing", str(lamp.id))
    assert re.match(rf"it is still there: GET /listings/{lamp.id} → 200 OK", why)
    said, clean = sweep(market, home)
    assert said[1].startswith(f"run {RUN}: could not undo listing {lamp.id}: delete_listing: seller can no longer log")
    assert not clean
    shop.goods.clear()
    assert sweep(market, home) == ([f"run {RUN}: 1 object undone"], True)


def test_a_soft_delete_is_absence_where_the_map_says_so(start, shop):
    """`gone` is asked on the owner's read."""
    market = start(PEOPLE + GOODS + "[resources.listing]\ngone = \"title != 'x'\"\n")
    market.new_listing()
    shop.sticky = True

    assert market.leave() == Undone(undone=2)


def test_a_kill_during_the_undo_is_no_trouble(start, shop, home):
    """The account went before its note could be written: nobody can log in, and that is the proof."""
    market = start()
    market.new_listing()
    market.run.journal.begin(1)
    kill(market)
    shop.people.clear()
    shop.goods.clear()

    assert sweep(market, home)[1]
    assert list(journals(home)) == []


def test_what_cannot_be_undone_is_a_note_and_blocks_nothing(start, home):
    """Left behind is kept with target and id, and no later sweep tries again."""
    text = (PEOPLE + GOODS).replace('undo = "delete_listing"', "").replace('undo = "leave"', "")
    market = start(text)
    lamp = market.new_listing()
    kill(market)

    said, clean = sweep(market, home)
    assert f"run {RUN}: left behind listing {lamp.id}: the map has no undo" in said
    assert clean
    notes = [json.loads(line) for line in (home / LEFT).read_text().splitlines()]
    assert {"target": "here", "api": market.map.target.api, "run": RUN, "kind": "listing", "id": str(lamp.id)} in notes
    assert list(journals(home)) == []


def test_another_key_is_told_and_nothing_is_tried(start, shop, home):
    """Without the key nobody can log in: the message says what to do."""
    market = start()
    market.new_listing()
    kill(market)
    (home / "key").write_text("another key than the one before")

    (said,), clean = sweep(market, home)
    assert said.startswith(f"run {RUN}: the passwords of its people derive from another key")
    assert "use --by-tag" in said
    assert not clean
    assert len(shop.goods) == 1


def test_a_sweep_by_tag_that_cannot_look_says_so(start, shop, home):
    """A target that does not answer leaves it open what remains: the sweep is not clean, and names the reason."""
    market = start()
    market.new_listing()
    kill(market)
    nowhere = replace(market.map, target=replace(market.map.target, api="http://127.0.0.1:9"))
    engine = Engine()
    lines, clean = tidy(nowhere, home, engine, by_tag=True)
    engine.close()
    assert lines[0].startswith("by tag: could not look for leftovers: login failed, as admin")
    assert not clean


def test_without_a_journal_the_tag_is_enough(start, shop, home):
    """As the admin: what carries a tag goes, what does not stays, nor does the admin go."""
    market = start(PEOPLE + GOODS + ADMIN)
    market.new_listing()
    kill(market)
    for path in journals(home):
        path.unlink()
    shop.people["ann@shop.test"] = {"id": 900, "email": "ann@shop.test", "password": "of no concern"}
    shop.goods[901] = {"id": 901, "title": "A lrlamp of lrbcdfghjk"}

    said, clean = sweep(market, home, by_tag=True, dry=True)
    assert [re.sub(r"\d+$", "", line) for line in said] == [f"found listing 3: {RUN}", f"found account 2: {RUN}"]
    assert not clean
    said, clean = sweep(market, home, by_tag=True)
    assert (said[-1], clean) == ("by tag: 2 objects undone", True)
    assert (sorted(shop.people), list(shop.goods)) == (["ann@shop.test", "boss@shop.test"], [901])


def test_by_tag_leaves_what_only_looks_like_a_tag_or_is_told_of_another(start, shop, home):
    """A person's article number is no tag; nor is their account or listing ours because it mentions one that is."""
    market = start(PEOPLE + GOODS + ADMIN)
    lamp = market.new_listing()
    kill(market)
    for path in journals(home):
        path.unlink()
    shop.goods[901] = {"id": 901, "title": "Bumper lrdefender90"}
    shop.goods[902] = {"id": 902, "title": "Shade", "similar": [{"id": lamp.id, "title": lamp.title}]}

    said, clean = sweep(market, home, by_tag=True)
    assert clean, said
    assert sorted(shop.goods) == [901, 902]


def test_a_lost_create_is_not_taken_for_what_mentions_it(start, shop, home):
    """The listing of another seller that shows ours beside it is not the one whose create had no answer."""
    market = start()
    market.get_actor("seller")
    shop.watch = lambda request: setattr(shop, "broken", request.line == "POST /listings")
    with pytest.raises(StepFailure):
        market.new_listing()
    kill(market)
    [(number, lost)] = shop.goods.items()
    shop.goods = {1: {"id": 1, "title": "Shade of " + lost["title"][:4], "similar": [lost]}, number: lost}
    shop.lists_all = True

    assert sweep(market, home) == ([f"run {RUN}: 2 objects undone"], True)
    assert list(shop.goods) == [1]


def test_by_tag_spares_runs_that_are_alive(start, shop, home):
    """A live journal names its run."""
    market = start(PEOPLE + GOODS + ADMIN)
    market.new_listing()

    assert sweep(market, home, by_tag=True) == (["by tag: 0 objects undone"], True)
    assert len(shop.goods) == 1


def test_by_tag_says_what_it_cannot_see(start, home):
    """Without a list of accounts nobody knows which are left."""
    said, clean = sweep(start(), home, by_tag=True)
    assert said[0].startswith("no list of the map can tell which accounts are left (steps.list_accounts, or")
    assert not clean


def test_by_tag_never_sends_a_delete_that_names_nothing(start, shop, home):
    """`DELETE /me` sent by the admin would remove the admin."""
    text = PEOPLE + GOODS + ADMIN.replace('delete = { request = "DELETE /people/{{ id }}", actor = "admin" }', "")
    market = start(text + '[steps.delete_account]\nrequest = "DELETE /me"\n')
    market.new_listing()
    kill(market)
    for path in journals(home):
        path.unlink()

    said, clean = sweep(market, home, by_tag=True)
    assert "could not undo account 2: the map has no way to remove it: resources.account.delete" in said[-1]
    assert not clean
    assert "boss@shop.test" in shop.people


def test_a_last_line_that_was_cut_off_is_left_out(start, home):
    """Whatever was being written when the process died."""
    market = start()
    market.new_listing()
    kill(market)
    (path,) = journals(home)
    with path.open("a") as file:
        file.write('{"do": "over", "n": 1, "ho')

    assert len(read(path).open) == 2


@pytest.mark.parametrize("head", ["", '{"launchready": 1, "tar'])
def test_a_journal_without_a_whole_head_is_removed(start, home, head):
    """Its process was killed before it could send anything."""
    market = start()
    (home / "journal").mkdir(parents=True)
    (home / "journal" / f"{RUN}.jsonl").write_text(head)

    assert sweep(market, home) == ([f"no killed run has left a journal for here in {home}"], True)
    assert list(journals(home)) == []


def test_a_journal_can_be_claimed_once(start, home):
    """Two sweeps at once do not do the same work twice."""
    market = start()
    market.new_listing()
    (path,) = journals(home)
    assert (living(path), claim(path)) == (True, None)
    kill(market)
    assert claim(path) is not None
    assert claim(path) is None
    assert claim(path.with_name("gone.jsonl")) is None


def test_the_key_is_made_once_and_for_its_owner_only(home, monkeypatch):
    """A file of mode 0600 that git leaves alone; or LAUNCHREADY_KEY, which must not be short."""
    first, again = key_of(home).password("a@b.example"), key_of(home).password("a@b.example")
    assert first == again
    assert stat.S_IMODE((home / "key").stat().st_mode) == 0o600
    assert sorted(path.name for path in home.iterdir()) == [".gitignore", "key"]
    assert "\n*\n" in (home / ".gitignore").read_text()
    assert Key().password("a@b.example") != first
    monkeypatch.setenv("LAUNCHREADY_KEY", "sixteen letters!")
    assert key_of(home).password("a@b.example") != first
    monkeypatch.setenv("LAUNCHREADY_KEY", "short")
    with pytest.raises(UseError, match=r"LAUNCHREADY_KEY has 5 characters; allowed: 16 or more"):
        key_of(home).password("a@b.example")


def test_where_nothing_can_be_written_nothing_is_made(start, shop, home):
    """A create that cannot be noted is not sent."""
    key_of(home).mark("made")
    (home / "journal").write_text("no folder")
    market = start()

    with pytest.raises(UseError, match=r"the journal .* cannot be written .* so nothing was made"):
        market.get_actor("seller")
    assert list(shop.people) == ["boss@shop.test"]


def test_a_key_that_cannot_be_made_is_told(tmp_path):
    """The message names the file and the variable."""
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LaunchreadyError, match=r"file/key cannot be read or made .* or set LAUNCHREADY_KEY"):
        key_of(tmp_path / "file").password("a@b.example")


def test_ages(tmp_path):
    """A number and a unit."""
    assert [seconds_of(age) for age in ("90s", "30m", "1h", "2d", "1.5h")] == [90, 1800, 3600, 172_800, 5400]
    with pytest.raises(UseError, match=r"--older-than: got '1w', allowed: a number and a unit"):
        seconds_of("1w")
    (tmp_path / ".launchready").mkdir()
    assert folder_above(tmp_path / "tests") == tmp_path / ".launchready"
