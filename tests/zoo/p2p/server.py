"""People sell to people: slugs for ids, tokens that live for two seconds, talks between two, offers."""

from __future__ import annotations

import re
import secrets
import time

from kit import App, Ask, Counter, Reply, Stop, hole, run

app = App()
PEOPLE: dict[str, dict] = {}
TOKENS: dict[str, tuple[str, float]] = {}
ADS: dict[str, dict] = {}
TALKS: dict[str, dict] = {}
OFFERS: dict[str, dict] = {}
FAILED = Counter(6, 20)
ASKED = Counter(6, 20)
LIVES = 2.0


def no(status: int, code: str, **more: object) -> Stop:
    return Stop(status, {"errors": [{"status": str(status), "code": code, **more}]})


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] + "-" + secrets.token_hex(3)


def me(ask: Ask) -> dict:
    token = ask.bearer or (ask.query.get("access_token", "") if hole("token-in-query") else "")
    handle, ends = TOKENS.get(token, ("", 0.0))
    if not handle:
        raise no(401, "token_unknown")
    if time.monotonic() > ends:
        raise no(401, "token_expired")
    return PEOPLE[handle]


def data(ask: Ask) -> dict:
    body = ask.json
    if not isinstance(body, dict) or not isinstance(body.get("data", {}), dict):
        raise no(422, "shape")
    return body.get("data", {})


def text(fields: dict, name: str, most: int = 300) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > most or "\x00" in value:
        raise no(422, "invalid", field=name)
    return value


def shown(person: dict) -> dict:
    card = {"handle": person["handle"], "display-name": person["name"]}
    return {**card, "phone": person["phone"], "email": person["mail"]} if hole("seller-card") else card


@app.on("POST /people")
def join(ask: Ask) -> Reply:
    fields = data(ask)
    mail = text(fields, "email").lower()
    if any(person["mail"] == mail for person in PEOPLE.values()):
        raise no(409, "email_taken")
    person = {"handle": slug(text(fields, "display-name")), "mail": mail, "secret": text(fields, "password")}
    person |= {"name": fields["display-name"], "phone": text(fields, "phone")}
    PEOPLE[person["handle"]] = person
    return 201, {"data": {"handle": person["handle"]}}


@app.on("POST /token")
def token(ask: Ask) -> Reply:
    fields = data(ask)
    mail = text(fields, "email").lower()
    key = mail + ask.path if hole("slash-forgets") else mail
    if wait := FAILED.full(key):
        if hole("climb-breaks"):
            raise RuntimeError("limiter store gone")
        if not hole("no-login-limit"):
            raise Stop(429, {"errors": [{"status": "429", "code": "too_many"}]}, {"Retry-After": str(int(wait) + 1)})
    person = next((person for person in PEOPLE.values() if person["mail"] == mail), None)
    if not person or person["secret"] != fields.get("password"):
        FAILED.add(key)
        raise no(401, "credentials")
    fresh = secrets.token_urlsafe(20)
    TOKENS[fresh] = (person["handle"], time.monotonic() + LIVES)
    return {"data": {"access-token": fresh, "expires-in": LIVES}}


@app.on("DELETE /token")
def leave(ask: Ask) -> Reply:
    me(ask)
    if not hole("logout-keeps"):
        TOKENS.pop(ask.bearer)
    return 204, ...


@app.on("GET /people/me", "PATCH /people/me")
def self(ask: Ask) -> Reply:
    person = me(ask)
    if ask.method == "PATCH":
        person["name"] = text(data(ask), "display-name")
    return {"data": {**shown(person), "email": person["mail"], "phone": person["phone"]}}


@app.on("PUT /people/me/password")
def password(ask: Ask) -> Reply:
    person, fields = me(ask), data(ask)
    if fields.get("current") != person["secret"]:
        raise no(422, "current_password")
    person["secret"] = text(fields, "password")
    if not hole("password-keeps"):
        for key in [key for key, (handle, _) in TOKENS.items() if handle == person["handle"]]:
            del TOKENS[key]
    return 204, ...


@app.on("POST /password-letters")
def letter(ask: Ask) -> Reply:
    mail = text(data(ask), "email").lower()
    if ASKED.full(mail):
        raise no(429, "too_many")
    ASKED.add(mail)
    if hole("reset-tells") and not any(person["mail"] == mail for person in PEOPLE.values()):
        raise no(404, "no_account")
    return 202, {"data": {"queued": True}}


@app.on("GET /ads", "POST /ads")
def ads(ask: Ask) -> Reply:
    if ask.method == "GET":
        words = ask.query.get("filter[q]", "").lower()
        found = [view(ad) for ad in ADS.values() if words in ad["title"].lower()]
        return {"data": found[-30:], "meta": {"total": len(found)}}
    person, fields = me(ask), data(ask)
    amount = fields.get("price")
    if not isinstance(amount, str) or not re.fullmatch(r"\d{1,6}(\.\d\d?)?", amount) or float(amount) <= 0:
        raise no(422, "invalid", field="price")
    ad = {"slug": slug(text(fields, "title")), "by": person["handle"], "title": fields["title"], "price": amount}
    ADS[ad["slug"]] = ad
    return 201, {"data": view(ad)}


def view(ad: dict) -> dict:
    return {"slug": ad["slug"], "title": ad["title"], "price": ad["price"], "seller": shown(PEOPLE[ad["by"]])}


@app.on("GET /ads/{key}", "PATCH /ads/{key}", "DELETE /ads/{key}")
def ad(ask: Ask, key: str) -> Reply:
    person = me(ask) if ask.method != "GET" else None
    found = ADS.get(key)
    if not found:
        raise no(404, "ad_unknown")
    opened = hole("ad-update" if ask.method == "PATCH" else "ad-delete")
    if person and found["by"] != person["handle"] and not opened:
        raise no(403, "not_the_seller")
    if ask.method == "DELETE":
        del ADS[key]
        return 204, ...
    if ask.method == "PATCH":
        found["title"] = text(data(ask), "title")
    return {"data": view(found)}


@app.on("POST /ads/{key}/talks")
def talk_new(ask: Ask, key: str) -> Reply:
    person = me(ask)
    if key not in ADS:
        raise no(404, "ad_unknown")
    talk = {"id": "t_" + secrets.token_hex(6), "between": [person["handle"], ADS[key]["by"]], "lines": []}
    talk["lines"].append({"from": person["handle"], "text": text(data(ask), "text")})
    TALKS[talk["id"]] = talk
    return 201, {"data": talk}


@app.on("GET /talks")
def talks(ask: Ask) -> Reply:
    person = me(ask)
    return {"data": [talk for talk in TALKS.values() if person["handle"] in talk["between"]]}


@app.on("GET /talks/{key}", "POST /talks/{key}/lines")
def talk(ask: Ask, key: str) -> Reply:
    person, found = me(ask), TALKS.get(key)
    opened = hole("talk-read") if ask.method == "GET" else hole("talk-write")
    if not found or (person["handle"] not in found["between"] and not opened):
        raise no(404, "talk_unknown")
    if ask.method == "POST":
        found["lines"].append({"from": person["handle"], "text": text(data(ask), "text")})
        return 201, {"data": {"lines": len(found["lines"])}}
    return {"data": found}


@app.on("POST /ads/{key}/offers")
def offer_new(ask: Ask, key: str) -> Reply:
    person = me(ask)
    if key not in ADS:
        raise no(404, "ad_unknown")
    amount = data(ask).get("amount")
    if not isinstance(amount, int | float) or amount > 1e6 or (amount <= 0 and not hole("negative-offer")):
        raise no(422, "invalid", field="amount")
    offer = {"id": secrets.token_hex(5), "by": person["handle"], "to": ADS[key]["by"], "amount": amount}
    offer |= {"state": "open", "meet-at": text(data(ask), "meet-at")}
    OFFERS[offer["id"]] = offer
    return 201, {"data": offer}


@app.on("GET /offers")
def offers(ask: Ask) -> Reply:
    handle = me(ask)["handle"]
    if hole("offers-of"):
        handle = ask.query.get("filter[by]", handle)
    return {"data": [offer for offer in OFFERS.values() if handle in (offer["by"], offer["to"])]}


@app.on("GET /offers/{key}", "PATCH /offers/{key}", "DELETE /offers/{key}")
def offer(ask: Ask, key: str) -> Reply:
    person, found = me(ask), OFFERS.get(key)
    opened = hole({"GET": "offer-read", "PATCH": "offer-change", "DELETE": "offer-withdraw"}[ask.method])
    parties = (found["by"], found["to"]) if found and ask.method == "GET" else (found["by"],) if found else ()
    if not found or (person["handle"] not in parties and not opened):
        raise no(404, "offer_unknown")
    if ask.method == "DELETE":
        del OFFERS[key]
        return 204, ...
    if ask.method == "PATCH":
        found["meet-at"] = text(data(ask), "meet-at")
    return {"data": found}


app.nowhere = lambda ask: no(404, "route_unknown").reply
app.unreadable = lambda ask: no(400, "json").reply
app.broken = lambda ask, error: no(500, "internal").reply

if __name__ == "__main__":
    run(app)
