"""The fixtures: people, objects, the rungs that a team overrides, and what is undone at the end."""

import re

ROOT_TEMPLATE = "conftest_template.py"


def test_people_are_handed_over_logged_in(shop):
    """Their ids are known, differ, and stay the same for the session."""
    shop(
        source="""
        SEEN = {}

        def test_ids(buyer, seller, stranger):
            SEEN["buyer"] = buyer.account.id
            assert len({buyer.account.id, seller.account.id, stranger.account.id}) == 3

        def test_same_person(buyer):
            assert buyer.account.id == SEEN["buyer"]
    """
    ).assert_outcomes(passed=2)


def test_listing_and_order_are_new_for_each_test(shop):
    """Two tests never share an object."""
    shop(
        source="""
        SEEN = set()

        def test_one(listing, order): SEEN.update({listing.id, order.id})

        def test_two(listing, order): assert not SEEN & {listing.id, order.id}
    """
    ).assert_outcomes(passed=2)


def test_a_person_who_logged_out_is_back_in_the_next_test(shop):
    """Within the test the person stays logged out; the next test finds the session renewed."""
    result = shop(
        source="""
        import pytest
        from pytest_launchready import StepFailure

        def test_out(buyer):
            with pytest.raises(StepFailure, match="login failed"):
                buyer.login(password="wrong-password")
            assert buyer.get("/me").status_code == 401

        def test_in_again(buyer):
            assert buyer.get("/me").status_code == 200
    """
    )
    result.assert_outcomes(passed=2)


def test_an_admin_that_the_map_does_not_give_is_not_covered(shop):
    """Skipped with the reason, not failed."""
    result = shop(source="def test_it(admin): pass")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["not covered: admin: the map gives no account for one ([[]people.admin[]]) (1 test)"])


def test_an_unknown_role_names_those_there_are(shop):
    """A typo is met with the nearest role."""
    shop(source="def test_it(marketplace): marketplace.new_actor(role='byer')").stdout.fnmatch_lines(
        ["E*UseError: no person 'byer': allowed are buyer, seller, stranger, *Did you mean 'buyer'?"]
    )


def test_what_was_made_is_undone_newest_first(shop, pytester):
    """Objects before accounts; what the map cannot undo is listed with its id."""
    result = shop(
        source="""
        def test_it(seller, buyer):
            first, second = seller.create_listing(), seller.create_listing()
            buyer.checkout(second)
    """
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*launchready: shop*",
            "* requests sent, 4 objects undone",
            "left behind, the map has no undo for them: 1 order (*)",
        ]
    )


def test_an_undo_that_fails_is_told(shop, pytester):
    """The line names the object and the exchange."""
    text = (pytester.path / "launchready.toml").read_text()
    (pytester.path / "launchready.toml").write_text(text.replace('"DELETE /listings/{{ listing.id }}"', '"PUT /me"'))
    conftest = (pytester.path / "conftest.py").read_text()
    (pytester.path / "conftest.py").write_text(conftest.replace("httpx.Response(404, json", "httpx.Response(409, json"))
    shop(source="def test_it(listing): pass").stdout.fnmatch_lines(
        ["could not undo listing *: delete_listing: PUT /me → 409 Conflict in * ms, as seller"]
    )


def test_a_thing_that_a_test_deleted_is_not_undone_again(shop):
    """`delete_listing` takes it off the list."""
    shop(source="def test_it(seller, listing): seller.delete_listing(listing)").stdout.fnmatch_lines(
        ["* requests sent, 1 object undone"]
    )


def test_the_seed_decides_names_and_prices_but_opens_no_account(shop):
    """The same seed gives the same title and price; e-mail and password differ."""
    source = """
        def test_it(seller):
            lamp = seller.create_listing()
            print(f"SEEN {lamp.title.rpartition(' ')[0]} {lamp.price}|{seller.account.email}|{seller.account.password}")
    """
    seen = [
        re.search(r"SEEN (.*)\|(.*)\|(.*)", shop("-s", "--launchready-seed=7", source=source).stdout.str()).groups()
        for _ in range(2)
    ]
    assert seen[0][0] == seen[1][0]
    assert seen[0][1] != seen[1][1]
    assert seen[0][2] != seen[1][2]


def test_a_team_adds_and_overrides_verbs_in_a_subclass(shop, pytester):
    """One `async def` each; both are called from plain and async tests alike."""
    conftest = (pytester.path / "conftest.py").read_text()
    (pytester.path / "conftest.py").write_text(
        conftest
        + """
from pytest_launchready import Actor

class Member(Actor):
    async def buy_two(self, one, other):
        return [await self.checkout(one), await self.checkout(other)]

    async def search(self, text=""):
        return [item.title for item in await super().search(text)]

@pytest.fixture(scope="session")
def launchready_actor_class():
    return Member
"""
    )
    shop(
        source="""
        def test_plain(buyer, seller):
            a, b = seller.create_listing(), seller.create_listing()
            assert [order.total for order in buyer.buy_two(a, b)] == [a.price, b.price]
            assert a.title in buyer.search(a.title)

        async def test_async(buyer, listing):
            assert listing.title in await buyer.search(listing.title)
    """
    ).assert_outcomes(passed=2)


def test_the_template_changes_nothing_as_it_is(shop, pytester, request):
    """`conftest_template.py` can be copied and everything works as before."""
    template = (request.config.rootpath / ROOT_TEMPLATE).read_text()
    (pytester.mkdir("copied") / "conftest.py").write_text(template)
    (pytester.path / "copied" / "test_it.py").write_text("def test_it(order): assert order.total\n")
    shop("copied").assert_outcomes(passed=1)


def test_every_rung_of_the_template_works(shop, pytester, request, monkeypatch):
    """Each commented fixture, uncommented, is taken by the plugin."""
    template = (request.config.rootpath / ROOT_TEMPLATE).read_text()
    code = re.sub(r"^# ?(?!#)", "", template, flags=re.MULTILINE)
    (pytester.mkpydir("shop") / "main.py").write_text("async def app(scope, receive, send): ...\n")
    conftest = (pytester.path / "conftest.py").read_text()
    code = code.replace(
        "return lambda: httpx.ASGITransport(app)",
        "from shop_in_memory import shop\n    return lambda: httpx.MockTransport(shop)",
    )
    (pytester.path / "shop_in_memory.py").write_text(conftest)
    (pytester.path / "conftest.py").unlink()
    (pytester.mkdir("suite") / "conftest.py").write_text(code)
    text = (pytester.path / "launchready.toml").read_text()
    offer = '\n[steps.make_offer]\nrequest = "POST /orders"\njson = { listing = "{{ listing.id }}" }\n'
    wholesaler = '\n[people.wholesaler]\nrole = "wholesale"\n'
    (pytester.path / "launchready.toml").write_text(text + offer + wholesaler)
    monkeypatch.setenv("PREVIEW_URL", "http://preview.test")
    monkeypatch.syspath_prepend(pytester.path)
    (pytester.path / "suite" / "test_it.py").write_text(
        "def test_it(target, buyer, listing, order):\n"
        "    assert target.api == 'http://preview.test'\n"
        "    assert buyer.name == 'wholesaler'\n"
        "    assert listing.title.startswith('Desk lamp')\n"
        "    assert buyer.haggle(listing, 20)\n"
        "    assert order.total == listing.price\n"
    )
    shop("suite").assert_outcomes(passed=1)
