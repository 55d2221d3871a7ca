"""What only the admin may read or do, in shops where sellers are a role of their own."""

import itertools

import pytest

from pytest_launchready.probes.access.routes import function
from pytest_launchready.probes.notebook import Notebook
from pytest_launchready.probes.subject import Context, Subject

SHOP = """
[auth]
bearer = "token"

[people.seller]
role = "SELLER"

[people.admin]
email = "boss@shop.test"
password = "boss-password-1"

[steps.signup]
request = "POST /people"
capture = { id = "id" }
[steps.signup.json]
email = "{{ account.email }}"
password = "{{ account.password }}"
role = "{{ account.role | default('BUYER') }}"

[steps.login]
request = "POST /sessions"
json = { email = "{{ account.email }}", password = "{{ account.password }}" }
"""
LIST = '[steps.list_people]\nactor = "admin"\nrequest = "GET /people"\nitems = "@"\ncapture = { id = "id" }\n'
APPROVE = """
[resources.account]
read = "GET /me"
update = { request = "POST /people/{{ id }}/approve", actor = "admin" }
"""
EDIT = """
[steps.create_listing]
request = "POST /listings"
json = { title = "{{ listing.title }}" }
capture = { id = "id" }

[steps.update_listing]
actor = "admin"
request = "PATCH /listings/{{ listing.id }}"
json = { title = "{{ listing.title }}" }

[resources.listing]
read = "GET /listings/{{ id }}"
update = "update_listing_of_others"

[steps.update_listing_of_others]
request = "PATCH /listings/{{ listing.id }}"
json = { title = "{{ canary }}" }
"""


class People:
    """A shop that only knows people; `allowed` are the roles that may list and approve them."""

    def __init__(self, anyone, allowed):
        self.anyone, self.allowed = anyone, allowed
        self.numbers = itertools.count(70001)
        self.offers = []
        anyone.join("boss@shop.test", "boss-password-1", role="ADMIN", number=70000)

    def __call__(self, request):
        """The answer to a request."""
        if request.line == "POST /people":
            return 201, {"id": self.anyone.join(**request.json, number=next(self.numbers), approved=False)["number"]}
        if request.line == "POST /sessions":
            return 200, {"token": self.anyone.enter(**request.json)}
        person = self.anyone.by_token(request.bearer)
        if person is None:
            return 401, {"detail": "who?"}
        if request.line == "GET /me":
            return 200, {"email": person["email"], "approved": person.get("approved")}
        if request.parts[0] == "listings":
            return self.listing(request, person)
        return self.as_admin(request) if person["role"] in self.allowed else (403, {"detail": "not you"})

    def listing(self, request, person):
        """Everybody may offer and look; only those who are allowed may reword."""
        if request.method == "POST":
            self.offers.append(request.json["title"])
            return 201, {"id": len(self.offers)}
        if request.method == "PATCH":
            if person["role"] not in self.allowed:
                return 403, {"detail": "not you"}
            self.offers[int(request.parts[1]) - 1] = request.json["title"]
        return 200, {"id": int(request.parts[1]), "title": self.offers[int(request.parts[1]) - 1]}

    def as_admin(self, request):
        """What the admin is answered."""
        if request.line == "GET /people":
            return 200, [{"id": one["number"], "email": one["email"]} for one in self.anyone.people.values()]
        for one in self.anyone.people.values():
            if request.line == f"POST /people/{one['number']}/approve":
                one["approved"] = True
        return 200, {"ok": True}


@pytest.fixture
def function_of(open_shop, serve, anyone):
    """A function: the map's last lines and who may do what → the verdict of access.function."""

    def judge(lines, allowed):
        market = open_shop(f"{SHOP}{lines}", serve(People(anyone, allowed)).url)
        (check,) = function.checks(Subject(market.map))
        return market._engine.run(lambda: check.run(Context(market, None, notebook=Notebook())))

    return judge


@pytest.mark.parametrize(
    ("lines", "got"),
    [(LIST, "list_people, which is the admin's"), (APPROVE, "approved was False, is True")],
    ids=["a list", "an approval"],
)
def test_a_seller_is_an_ordinary_account_too(function_of, lines, got):
    """Sellers who sign up with a role of their own must be refused what is the admin's, as buyers must."""
    verdict = function_of(lines, allowed={"ADMIN", "SELLER"})
    assert verdict.outcome == "failed"
    assert got in verdict.failure.title
    assert verdict.failure.exchange.actor == "seller"


@pytest.mark.parametrize("lines", [LIST, APPROVE, EDIT], ids=["a list", "an approval", "an edit that rewords"])
def test_what_only_the_admin_may_is_closed(function_of, lines):
    """An approval shows in what the account reads of itself, so that it was refused to others is proven."""
    assert function_of(lines, allowed={"ADMIN"}).outcome == "passed"
