"""A healthy shop that looks ill: every refusal is odd, many good answers look like leaks, and writes show late.

What a stranger gets instead of somebody's order is its own; a refused write answers 204 and changes the caller's own
record; a failed log-in is a 200 with a guest's token; unknown paths are the front page; deletes cascade.
"""

from __future__ import annotations

import html
import itertools
import secrets
import time

from kit import App, Ask, Counter, Reply, Stop, hole, run

app = App()
USERS: dict[str, dict] = {}
TOKENS: dict[str, str] = {}
GUESTS: set[str] = set()
ADS: dict[str, dict] = {}
ORDERS: dict[str, dict] = {}
PLACES: dict[str, dict] = {}
REVIEWS: dict[str, dict] = {}
PARCELS: dict[str, dict] = {}
REPLAYS: dict[tuple[str, str], dict] = {}
VIEWS = itertools.count(1)
FAILED = Counter(20)
ASKED = Counter(3)
LATE = 0.3
PAGE = "<!doctype html><html><head><title>Healthy</title></head><body><div id=app></div><script src=/app.js></script>"


def key(prefix: str) -> str:
    return f"{prefix}_{secrets.token_urlsafe(9)}"


def user_of(ask: Ask) -> dict | None:
    return USERS.get(TOKENS.get(ask.bearer, ""))


def need(ask: Ask) -> dict:
    user = user_of(ask)
    if not user:
        raise Stop(401, "<html><body><h1>401 Unauthorized</h1></body></html>")
    return user


def data(ask: Ask) -> dict:
    if len(ask.body) > 20_000:
        raise Stop(413, b"too large")
    found = ask.json
    if not isinstance(found, dict):
        raise Stop(400, {"message": "Validation failed", "fields": ["body"]})
    return found


def text(found: dict, name: str, most: int = 300) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > most or any(ord(sign) < 32 for sign in value):
        raise Stop(400, {"message": "Validation failed", "fields": [name]})
    return value


def late(row: dict, field: str, value: object) -> None:
    """Writes so that readers see it after a while, as replicas do."""
    row.setdefault("coming", []).append((time.monotonic() + LATE, field, value))


def now(row: dict) -> dict:
    """What readers see of a row at this moment."""
    for entry in [entry for entry in row.get("coming", []) if entry[0] <= time.monotonic()]:
        row[entry[1]] = entry[2]
        row["coming"].remove(entry)
    seen = {name: value for name, value in row.items() if name not in ("coming", "by", "born")}
    return {**seen, "views": next(VIEWS), "fetched_at": time.time()}


def visible(rows: dict[str, dict], user: dict | None) -> list[dict]:
    fresh = [row for row in rows.values() if time.monotonic() - row["born"] >= LATE]
    return [now(row) for row in fresh if user and row["by"] == user["id"]]


def made(rows: dict[str, dict], user: dict, prefix: str, **values: object) -> dict:
    row = {"id": key(prefix), "by": user["id"], "born": time.monotonic(), **values}
    rows[row["id"]] = row
    return row


@app.on("POST /api/signup")
def join(ask: Ask) -> Reply:
    found = data(ask)
    email = text(found, "email").lower()
    if not any(user["email"] == email for user in USERS.values()):
        user = {"id": key("u"), "email": email, "password": text(found, "password"), "name": text(found, "name")}
        user |= {"admin": False, "phone": text(found, "phone"), "place": "", "changed": 0}
        USERS[user["id"]] = user
    return 202, {"message": "Thanks. If the address is new, the account is ready."}


@app.on("POST /api/login")
def enter(ask: Ask) -> Reply:
    found = data(ask)
    email = text(found, "email").lower()
    if wait := FAILED.full(email):
        policy = {"RateLimit-Policy": '"login";q=20;w=60', "RateLimit": f'"login";r=0;t={int(wait) + 1}'}
        raise Stop(429, "<html><body>Slow down, please.</body></html>", {**policy, "Retry-After": str(int(wait) + 1)})
    user = next((user for user in USERS.values() if user["email"] == email), None)
    token = secrets.token_urlsafe(24)
    if not user or user["password"] != found.get("password"):
        FAILED.add(email)
        GUESTS.add(token)
        return {"token": token, "guest": True, "message": "E-mail or password is not right. You can go on as a guest."}
    TOKENS[token] = user["id"]
    return {"token": token, "guest": False, "message": "Welcome back."}


@app.on("POST /api/logout")
def leave(ask: Ask) -> Reply:
    TOKENS.pop(ask.bearer, None)
    return {"ok": True}


@app.on("GET /api/me")
def me(ask: Ask) -> Reply:
    user = user_of(ask)
    if not user:
        return {"user": None, "csrfToken": secrets.token_urlsafe(16)}
    card = {name: user[name] for name in ("id", "email", "name", "phone", "place")}
    card |= {"passwordChangedAt": user["changed"], "tokenType": "card", "secretSanta": False, "hasPassword": True}
    return {"user": card, "csrfToken": secrets.token_urlsafe(16), "session": {"expiresIn": 3600}}


@app.on("PATCH /api/me")
def change(ask: Ask) -> Reply:
    user, found = need(ask), data(ask)
    if "name" in found:
        user["name"] = text(found, "name")
    return {"ok": True, "received": found}


@app.on("POST /api/me/password")
def password(ask: Ask) -> Reply:
    user, found = need(ask), data(ask)
    if found.get("old") != user["password"]:
        raise Stop(409, {"message": "That is not your password."})
    user["password"], user["changed"] = text(found, "new"), time.time()
    for token in [token for token, whose in TOKENS.items() if whose == user["id"]]:
        del TOKENS[token]
    return 204, ...


@app.on("POST /api/forgot")
def forgot(ask: Ask) -> Reply:
    email = text(data(ask), "email").lower()
    if ASKED.full(email):
        raise Stop(400, b"Too many letters for today.")
    ASKED.add(email)
    return 202, {"message": "If there is an account, a letter is on its way."}


@app.on("GET /api/admin/users")
def admins(ask: Ask) -> Reply:
    user = user_of(ask)
    if not user or not user["admin"]:
        return 200, PAGE
    return {"users": [{"id": one["id"], "email": one["email"]} for one in USERS.values()]}


@app.on("GET /api/ads")
def search(ask: Ask) -> Reply:
    words, size = ask.query.get("q", "").lower(), ask.query.get("size", "20")
    most = min(int(size), 100) if size.isdecimal() and int(size) else 20
    live = [ad for ad in ADS.values() if ad["state"] == "live" and time.monotonic() - ad["born"] >= LATE]
    found = [now(ad) for ad in live if words in ad["title"].lower()]
    return {
        "ads": found[-most:],
        "hash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
        "total": len(found),
        "contact": "help@shop.test",
    }


@app.on("POST /api/ads")
def ad_new(ask: Ask) -> Reply:
    user, found = need(ask), data(ask)
    amount = found.get("price")
    if not isinstance(amount, int | float) or isinstance(amount, bool) or not 0 < amount < 1e6:
        raise Stop(422, {"message": "Validation failed", "fields": ["price"]})
    row = made(ADS, user, "ad", title=text(found, "title"), price=amount, state="live", etag=secrets.token_hex(16))
    return 201, now(row)


@app.on("GET /api/ads/{number}", "PATCH /api/ads/{number}", "DELETE /api/ads/{number}")
def ad(ask: Ask, number: str) -> Reply:
    found = ADS.get(number)
    if ask.method == "GET":
        return now(found) if found else (404, PAGE)
    user = need(ask)
    if not found or found["by"] != user["id"]:
        raise Stop(405, b"Method Not Allowed", {"Allow": "GET"})
    if ask.method == "DELETE":
        found["state"] = "archived"
        for review in [review for review in REVIEWS.values() if review["ad"] == number]:
            del REVIEWS[review["id"]]
        return 204, ...
    late(found, "title", text(data(ask), "title"))
    return {"ok": True}


@app.on("POST /api/orders")
def order_new(ask: Ask) -> Reply:
    user, found = need(ask), data(ask)
    replay = (user["id"], ask.headers.get("idempotency-key", key("once")))
    if replay in REPLAYS:
        return 409, {"message": "This order was placed already.", "order": REPLAYS[replay]["id"]}
    ad, count = ADS.get(str(found.get("ad"))), found.get("count")
    if not ad or not isinstance(count, int) or isinstance(count, bool) or not 0 < count < 100:
        raise Stop(422, {"message": "Validation failed", "fields": ["count"]})
    row = made(ORDERS, user, "o", total=ad["price"] * count, to=text(found, "to"), note="", mail=user["email"])
    parcel = {"code": secrets.token_urlsafe(16), "status": "packed", "to": row["to"]}
    row["parcel"] = parcel["code"]
    PARCELS[parcel["code"]] = REPLAYS[replay] = parcel | {"id": row["id"]}
    return 201, now(row)


@app.on("GET /api/orders")
def orders(ask: Ask) -> Reply:
    return visible(ORDERS, user_of(ask))


@app.on("GET /api/orders/{number}", "PATCH /api/orders/{number}")
def order(ask: Ask, number: str) -> Reply:
    user, found = user_of(ask), ORDERS.get(number)
    if not user:
        return 200, None
    if not found or (found["by"] != user["id"] and not (hole("order-read") and ask.method == "GET")):
        own = [row for row in ORDERS.values() if row["by"] == user["id"]]
        if ask.method == "PATCH":
            note = text(data(ask), "note")
            for row in own[-1:]:
                late(row, "note", note)
            if found and hole("late-note"):
                late(found, "note", note)
            return 204, ...
        return 200, now(own[-1]) if own else None
    if ask.method == "PATCH":
        late(found, "note", text(data(ask), "note"))
        return 204, ...
    return now(found)


@app.on("GET /api/parcels/{code}")
def parcel(_ask: Ask, code: str) -> Reply:
    return PARCELS.get(code, (404, {"message": "Unknown parcel."}))


@app.on("POST /api/places")
def place_new(ask: Ask) -> Reply:
    user = need(ask)
    row = made(PLACES, user, "p", street=text(data(ask), "street"))
    user["place"] = row["id"]
    return 201, now(row)


@app.on("GET /api/places")
def places(ask: Ask) -> Reply:
    if hole("places-of-all"):
        return [now(row) for row in PLACES.values()]
    return visible(PLACES, user_of(ask))


@app.on("GET /api/places/{number}", "PUT /api/places/{number}", "DELETE /api/places/{number}")
def place(ask: Ask, number: str) -> Reply:
    user, found = need(ask), PLACES.get(number)
    if not found or found["by"] != user["id"]:
        if ask.method == "GET":
            raise Stop(500, f"<html><body><h1>Error</h1><p>Reference {secrets.token_hex(8)}</p></body></html>")
        if ask.method == "DELETE":
            return {"deleted": 0}
        street = text(data(ask), "street")
        if user["place"] in PLACES:
            PLACES[user["place"]]["street"] = street
        return 204, ...
    if ask.method == "DELETE":
        del PLACES[number]
        return {"deleted": 1}
    if ask.method == "PUT":
        found["street"] = text(data(ask), "street")
    return now(found)


@app.on("POST /api/ads/{number}/reviews")
def review_new(ask: Ask, number: str) -> Reply:
    user = need(ask)
    if number not in ADS:
        raise Stop(400, b"unknown advertisement")
    return 201, now(made(REVIEWS, user, "r", ad=number, words=text(data(ask), "words")))


@app.on("GET /api/reviews/{number}", "PUT /api/reviews/{number}", "DELETE /api/reviews/{number}")
def review(ask: Ask, number: str) -> Reply:
    user, found = need(ask), REVIEWS.get(number)
    if not found:
        raise Stop(422, {"message": "Validation failed", "fields": ["id"]})
    if found["by"] != user["id"]:
        raise Stop(422, {"message": "Validation failed", "fields": ["id"]})
    if ask.method == "DELETE":
        del REVIEWS[number]
        return 204, ...
    if ask.method == "PUT":
        found["words"] = text(data(ask), "words")
    return now(found)


def traced(_ask: Ask, status: int, body: Reply, headers: dict[str, str]) -> Reply:
    headers |= {"X-Request-Id": secrets.token_hex(12), "Cache-Control": "no-store"}
    if isinstance(body, dict):
        body = {**body, "request_id": secrets.token_hex(8), "took_ms": secrets.randbelow(40)}
    return status, body, headers


app.after = traced
app.nowhere = lambda ask: (200, f"{PAGE}<!-- {html.escape(ask.path)} --></body></html>")
app.other_verb = lambda ask: (405, b"Method Not Allowed", {"Allow": "GET"})
app.unreadable = lambda ask: (400, {"message": "Validation failed", "fields": ["body"]})
app.broken = lambda ask, error: (500, "<html><body><h1>Something went wrong</h1></body></html>")
USERS["u_staff"] = {"id": "u_staff", "email": "staff@healthy.test", "password": "Staff-pass-12345", "name": "Staff"}
USERS["u_staff"] |= {"admin": True, "phone": "-", "place": "", "changed": 0}

if __name__ == "__main__":
    run(app)
