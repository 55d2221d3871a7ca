"""Exposure, debugging and input on shops of other conventions: every hole beside a healthy shop that looks like it."""

import itertools

import pytest

from pytest_launchready.core.checks import Check
from pytest_launchready.core.verdicts import passed
from pytest_launchready.probes.access.hygiene import debug, exposure, inputs

MAP = """
[auth]
headers = { x-clave = "{{ account.ficha }}" }
[steps.signup]
request = "POST /v2/personas"
json = { correo = "{{ account.email }}", clave = "{{ account.password }}", telefono = "{{ account.phone }}" }
capture = { id = "persona.id" }
[steps.login]
request = "POST /v2/entrar"
json = { correo = "{{ account.email }}", clave = "{{ account.password }}" }
capture = { ficha = "ficha" }
[steps.me]
request = "GET /v2/yo"
capture = { id = "id" }
[steps.request_reset]
request = "POST /v2/olvido/reset"
json = { correo = "{{ account.email }}" }
[steps.create_listing]
request = "POST /v2/articulos"
json = { titulo = "{{ listing.title }}", precio = "{{ listing.price | minor }}", contacto = "CONTACT" }
capture = { id = "ref", title = "titulo" }
[steps.get_listing]
request = "GET /v2/articulos/{{ listing.id }}"
capture = { id = "ref" }
[steps.update_listing]
request = "PATCH /v2/articulos/{{ listing.id }}"
json = { precio = "{{ listing.price | minor }}" }
[steps.search]
request = "GET /v2/articulos"
query = { texto = "{{ search.text }}" }
items = "lista"
capture = { id = "ref" }
[steps.add_to_cart]
request = "POST /v2/cesta"
json = { ref = "{{ listing.id }}", cantidad = 1 }
[steps.get_cart]
request = "GET /v2/cesta"
"""
NODE = "Error: x\n    at Object.<anonymous> (/app/src/routes.js:10:7)\n    at next (/app/src/next.js:3:1)"
BCRYPT = "$2y$10$" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0"
PARTS = (exposure.checks, debug.checks, inputs.checks)


class Bazar:
    """People, articles in cents, and a basket; `ways` says what this one does differently."""

    def __init__(self, anyone, *ways):
        self.anyone, self.ways = anyone, set(ways)
        self.articles, self.baskets, self.numbers = {}, {}, itertools.count(100)
        self.hiccups, self.dead = 0, False
        for _ in range(300 if "many" in ways else 30 if "some" in ways else 0):
            self._add(None, "relleno", 500)

    def __call__(self, request):
        """Answers one request."""
        if self.dead:
            raise ConnectionAbortedError
        status, body, *more = self._answer(request)
        if status == 404 and "soft" in self.ways and request.method == "GET":
            return 200, "<!doctype html><title>Bazar</title><div id=app></div>", *more
        return status, body, *more

    def _answer(self, request):
        person = self.anyone.by_token(request.headers.get("x-clave", ""))
        try:
            sent = request.json
        except ValueError:
            return 500 if "trace" in self.ways else 400, NODE if "trace" in self.ways else {"error": "JSON"}
        found = 404, {"error": "nada"}
        match (request.method, *request.parts):
            case ("POST", "v2", "personas"):
                found = self._sign_up(sent)
            case ("POST", "v2", "olvido", "reset"):
                found = (
                    200,
                    {"mensaje": "Mira tu correo.", **({"token": "a8f5f167f44f49"} if "tells" in self.ways else {})},
                )
            case ("POST", "v2", "entrar"):
                token = self.anyone.enter(str(sent.get("correo")), sent.get("clave"))
                found = (200, {"ficha": token}) if token else (401, {"error": "no"})
            case ("GET", "v2", "yo") if person:
                found = 200, self._self_view(person)
            case ("GET", "v2", "articulos", *rest):
                found = self._shown(rest[0]) if rest else self._found(request.query)
            case (_, "v2", "articulos", *rest) if person:
                found = self._offer(sent, person, rest)
            case (method, "v2", "cesta") if person:
                found = self._basket(method, sent, person)
            case ("GET", *path):
                found = self._leftover("/".join(path))
        return found

    def _sign_up(self, sent):
        person = self.anyone.join(sent["correo"], sent["clave"], phone=sent["telefono"])
        view = {"id": person["id"], "correo": person["email"]}
        if "echo" in self.ways:
            view["clave"] = sent["clave"]
        return 201, {"persona": view}

    def _self_view(self, person):
        view = {"id": person["id"], "correo": person["email"], "tieneClave": True, "claveCambiada": "2026-01-01"}
        return {**view, "interno": BCRYPT} if "hash" in self.ways else view

    def _add(self, person, title, price, contact=""):
        ref = f"A{next(self.numbers)}"
        self.articles[ref] = {"ref": ref, "titulo": title, "precio": price, "contacto": contact}
        if "email" in self.ways and person:
            self.articles[ref]["vendedor"] = {"alias": "ana", "correo": person["email"]}
        return self.articles[ref]

    def _offer(self, sent, person, rest):
        price, wrong = sent.get("precio"), (422, {"error": "precio", "input": sent})
        if not isinstance(price, int) or isinstance(price, bool):
            return wrong
        taken = {"clamps", "negative-later" if rest else "negative"}
        if price < 0 and not self.ways & taken:
            return wrong
        price = max(price, 0) if "clamps" in self.ways else price
        if rest:
            self.articles[rest[0]]["precio"] = price
            return 200, self.articles[rest[0]]
        if not isinstance(sent.get("titulo"), str):
            return 422, {"error": "titulo"}
        return 201, self._add(person, sent["titulo"], price, sent.get("contacto"))

    def _shown(self, ref):
        if ref not in self.articles:
            return 500 if "absent-500" in self.ways else 404, {"error": "nada"}
        hidden = {"precio"} if "shows-no-price" in self.ways else set()
        return 200, {name: value for name, value in self.articles[ref].items() if name not in hidden}

    def _found(self, query):
        rows = self._rows(query)
        return (200, self._page(rows, query)) if isinstance(rows, list) else (rows, {"error": "consulta"})

    def _rows(self, query):
        """What is found, or the status of an error."""
        text = query.get("texto", [""])[-1]
        if "always-500" in self.ways or ("'" in text and "quote" in self.ways):
            return 500
        if "'" in text and "hiccup" in self.ways and not self.hiccups:
            self.hiccups = 1
            return 503
        if "'" in text and "dies" in self.ways:
            self.dead = True
            raise ConnectionAbortedError
        if "refuses" in self.ways and "limit" in query:
            return 400
        return [one for one in self.articles.values() if text in one["titulo"] or not text]

    def _page(self, rows, query):
        size = query.get("limit", ["20"])[-1]
        wanted = int(size) if size.isdigit() else 20
        cap = 10**9 if self.ways & {"endless", "says-endless"} else 50
        answer = {"lista": rows[: min(wanted, cap)]}
        if self.ways & {"says-endless", "says-clamped"}:
            answer |= {"limit": min(wanted, cap), "total": len(rows)}
        if "says-what-was-asked" in self.ways:
            answer |= {"limit": wanted, "total": len(rows)}
        return answer

    def _basket(self, method, sent, person):
        lines = self.baskets.setdefault(person["id"], [])
        if method == "POST":
            many = sent.get("cantidad")
            if not isinstance(many, int) or (many < 1 and not self.ways & {"less", "ignores-less", "blind"}):
                return 422, {"error": "cantidad"}
            if many > 0 or "ignores-less" not in self.ways:
                lines.append({"ref": sent["ref"], "cantidad": many, "descuento": -1})
            if "blind" in self.ways:
                return 204, None
        return 200, {"lineas": lines, "importe": {"total": sum(one["cantidad"] for one in lines) * 500}}

    def _leftover(self, path):
        if path == "api.json":
            return 200, {"openapi": "3.1.0", "paths": {"/v2/interno/_debug": {"get": {"responses": {}}}}}
        if path == ".env" and "env" in self.ways:
            return 200, "APP_KEY=base64:abc\nDB_PASSWORD=x\n", {"content-type": "text/plain"}
        if path == "v2/interno/_debug" and "described" in self.ways:
            return 200, {"gente": [{"correo": "ana@example.com", "password": "hola1"}]}
        if path == "v2/debug" and "debug" in self.ways:
            return 200, {"entorno": 1, "config": {"db": "x"}}
        return 404, {"error": "nada"}


def run(conduct, anyone, *ways, only="", text=MAP):
    """The verdicts on a shop with these ways, by check id; a text where a check is not covered."""
    shop = Bazar(anyone, *ways)
    return conduct(shop, text, *PARTS, only=only)


def outcomes(found):
    """Check id → outcome, or "not covered"."""
    return {name: "not covered" if isinstance(one, str) else one.outcome for name, one in found.items()}


ALL_PASSED = dict.fromkeys(
    [
        *("exposure.credentials", "exposure.people", "debug.errors", "debug.files", "debug.routes"),
        *("input.quantity", "input.price", "input.page", "input.crash"),
    ],
    "passed",
)


@pytest.mark.parametrize(
    "ways",
    [
        (),
        ("soft", "some"),
        ("clamps", "ignores-less"),
        ("contact",),
        ("absent-500", "refuses", "many"),
        ("hiccup", "says-clamped", "many"),
        ("says-what-was-asked", "many"),
        ("many",),
    ],
    ids=lambda ways: "+".join(ways) or "plain",
)
def test_a_healthy_shop_passes(conduct, anyone, ways):
    """Whatever it answers to unknown paths, however it bounds pages, and what it does with amounts below zero."""
    text = MAP.replace("CONTACT", "{{ account.email }}") if "contact" in ways else MAP
    assert outcomes(run(conduct, anyone, *ways, text=text)) == ALL_PASSED


@pytest.mark.parametrize(
    ("way", "check", "said"),
    [
        ("hash", "exposure.credentials", "GET /v2/yo answers with a bcrypt hash"),
        ("echo", "exposure.credentials", "POST /v2/personas answers with the password of seller in plain text"),
        ("email", "exposure.people", "search shows anybody the e-mail address of seller"),
        ("trace", "debug.errors", "POST /v2/entrar answers broken JSON with a Node.js stack trace"),
        ("env", "debug.files", "/.env is published: a file of settings and secrets"),
        ("debug", "debug.routes", "/v2/debug is published: a route for debugging"),
        ("negative", "input.price", "a new listing was taken with a price of -13.37"),
        ("negative-later", "input.price", "a change of a listing was taken with a price of -13.37"),
        ("less", "input.quantity", "add_to_cart took a quantity of -3"),
        ("quote", "input.crash", "the program breaks on a quotation mark in texto of search"),
    ],
)
def test_a_hole_is_seen_by_its_check_only(conduct, anyone, way, check, said):
    """And the finding says what it is, with the request that shows it."""
    found = run(conduct, anyone, way)
    assert outcomes(found) == {**ALL_PASSED, check: "failed"}
    failure = found[check].failure
    assert failure.title == said
    assert failure.exchange.answer is not None
    if way in {"negative", "less", "quote"}:
        assert failure.control.answer.status < 300


@pytest.mark.parametrize(
    ("ways", "got"),
    [(("endless", "many"), "30"), (("says-endless", "some"), "and the answer says that its pages hold 100000")],
)
def test_a_page_without_bounds_is_seen(conduct, anyone, ways, got):
    """By how much comes, or by what the answer says of itself."""
    verdict = run(conduct, anyone, *ways, only="input.page")["input.page"]
    assert verdict.outcome == "failed"
    assert verdict.failure.title == "search gives as many items at once as are asked for"
    assert got in verdict.failure.got


def test_a_code_in_the_answer_to_a_reset_request_is_seen(conduct, anyone):
    """Whoever asks for somebody's reset gets into the account."""
    text = MAP.replace("[steps.create_listing]", "[limits.request_reset]\nwithin = 5\n[steps.create_listing]")
    shop = Bazar(anyone, "tells")

    def asks(subject):
        async def reset(context):
            stage = context.marketplace.company.stage
            await stage.play("request_reset", await stage.person("buyer"), {})
            return passed()

        yield Check("access.exposure.before", "", "", "", reset)
        yield from exposure.checks(subject)

    verdict = conduct(shop, text, asks)["exposure.credentials"]
    assert verdict.outcome == "failed"
    assert verdict.failure.title == "POST /v2/olvido/reset answers with what resets the password (token)"
    assert "a8f5f167f44f49" not in verdict.failure.got


@pytest.mark.parametrize("way", ["described", "plain"])
def test_a_debugging_route_of_the_apis_own_description_is_asked_for(conduct, anyone, way):
    """Whatever it is called, as long as its name says so."""
    verdict = run(conduct, anyone, way, only="debug.routes", text=f'{MAP}\n[contract]\nopenapi = "/api.json"\n')
    verdict = verdict["debug.routes"]
    assert verdict.outcome == ("failed" if way == "described" else "passed")
    if way == "described":
        assert verdict.failure.title == "/v2/interno/_debug is published: a route for debugging"


def test_a_list_too_short_to_judge_is_undecided_where_it_claims_to_have_no_bound(conduct, anyone):
    """It has nothing by which that could be seen."""
    verdict = run(conduct, anyone, "says-endless", only="input.page")["input.page"]
    assert (verdict.outcome, verdict.code) == ("inconclusive", "too-few")


def test_a_server_that_dies_is_named_with_the_input_that_did_it(conduct, anyone):
    """And nothing more is sent to it."""
    verdict = run(conduct, anyone, "dies", only="input.crash")["input.crash"]
    assert (verdict.outcome, verdict.code) == ("failed", "died")
    assert verdict.failure.title == "the program breaks on a quotation mark in texto of search"
    assert verdict.failure.got.endswith("and does not answer any more, to anybody")


def test_what_fails_with_good_input_too_proves_nothing_of_bad_input(conduct, anyone):
    """The step is named in a note, and the others are judged."""
    verdict = run(conduct, anyone, "always-500", only="input.crash")["input.crash"]
    assert verdict.outcome == "passed"
    assert verdict.notes[0].startswith("search is not judged: good input came to 500")


def test_a_quantity_that_nothing_shows_is_undecided(conduct, anyone):
    """It was taken, and that is all that is known."""
    text = MAP.replace('[steps.get_cart]\nrequest = "GET /v2/cesta"\n', "")
    verdict = run(conduct, anyone, "blind", only="input.quantity", text=text)["input.quantity"]
    assert (verdict.outcome, verdict.code) == ("inconclusive", "unread")


def test_a_price_that_nothing_shows_is_undecided(conduct, anyone):
    """It was taken, and may be shown elsewhere."""
    verdict = run(conduct, anyone, "negative", "shows-no-price", only="input.price")["input.price"]
    assert (verdict.outcome, verdict.code) == ("inconclusive", "unread")
    assert "shows no price: let get_listing ask where it stands" in verdict.reason


def test_on_production_only_what_the_map_consents_to_is_tried(conduct, anyone):
    """The rest is named: as not covered, or in a note."""
    head = '[targets.here]\nkind = "production"\napi = "$API"\nwrites = ["signup"]\n'
    found = run(conduct, anyone, text=head + MAP, only="input")
    assert outcomes(found) == {
        "input.quantity": "not covered",
        "input.price": "not covered",
        "input.page": "passed",
        "input.crash": "passed",
    }
    assert "no consent" in found["input.price"]
    assert "create_listing: no consent" in found["input.crash"].notes


def test_versions_in_headers_are_a_note(conduct, anyone):
    """They decide nothing: a server for development tells them by default."""
    notes = run(conduct, anyone, only="debug.errors")["debug.errors"].notes
    assert any(note.startswith("the header server tells a version: BaseHTTP/") for note in notes)


def test_all_that_is_sent_is_bounded(conduct, anyone):
    """People, things and their undo included."""
    run(conduct, anyone)
    assert conduct.market.sent <= 110
