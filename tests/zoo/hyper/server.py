"""Hyperlinked REST: objects are named by URLs, sessions are signed tokens (JWT, HS256), answers are HAL."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import secrets
import time

from kit import App, Ask, Counter, Reply, Stop, hole, run

app = App()
USERS: dict[int, dict] = {}
THINGS: dict[int, dict] = {}
BASKETS: dict[int, dict] = {}
CARDS: dict[int, dict] = {}
GONE: set[str] = set()
NUMBERS = itertools.count(300)
FAILED = Counter(10)
KEY = b"secret" if hole("weak-key") else secrets.token_bytes(32)
LIVES = 3 if hole("no-expiry") else 600


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(claims: dict) -> str:
    head = f"{b64(json.dumps({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{head}.{b64(hmac.new(KEY, head.encode(), hashlib.sha256).digest())}"


def read_token(token: str) -> dict:
    try:
        head, claims, signature = token.split(".")
        algorithm, found = json.loads(unb64(head)).get("alg"), json.loads(unb64(claims))
        right = hmac.new(KEY, f"{head}.{claims}".encode(), hashlib.sha256).digest()
        good = hmac.compare_digest(right, unb64(signature)) and algorithm == "HS256"
    except (ValueError, AttributeError):
        raise problem(401, "bad token") from None
    if hole("alg-none") and str(algorithm).lower() == "none":
        good = True
    if hole("empty-signature") and not signature:
        good = True
    if hole("no-verify"):
        good = True
    if not good:
        raise problem(401, "bad token")
    if found.get("exp", 0) < time.time() and not hole("no-expiry"):
        raise problem(401, "token expired")
    return found


def problem(status: int, title: str) -> Stop:
    return Stop(status, {"type": "about:blank", "title": title}, {"Content-Type": "application/problem+json"})


def me(ask: Ask) -> dict:
    scheme, _, token = ask.headers.get("authorization", "").partition(" ")
    if hole("token-in-query") and "token" in ask.query:
        scheme, token = "Bearer", ask.query["token"]
    if scheme.lower() != "bearer" and not (hole("any-scheme") and token):
        raise problem(401, "no token")
    claims = read_token(token)
    user = USERS.get(claims.get("uid", 0))
    if not user or claims.get("jti") in GONE or (claims.get("gen") != user["gen"] and not hole("password-keeps")):
        raise problem(401, "bad token")
    return user


def data(ask: Ask) -> dict:
    found = ask.json
    if not isinstance(found, dict):
        raise problem(400, "an object is needed")
    return found


def text(found: dict, name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise problem(400, f"{name} is wrong")
    return value


def url(ask: Ask, kind: str, row: dict) -> str:
    return f"http://{ask.headers.get('host')}/{kind}/{row['id']}/"


def named(ask: Ask, kind: str, link: object, rows: dict[int, dict]) -> dict:
    start = f"http://{ask.headers.get('host')}/{kind}/"
    number = str(link).removeprefix(start).rstrip("/")
    if not str(link).startswith(start) or not number.isdecimal() or int(number) not in rows:
        raise problem(400, f"no such {kind}")
    return rows[int(number)]


@app.on("POST /users/")
def join(ask: Ask) -> Reply:
    found = data(ask)
    email = text(found, "email").lower()
    if any(user["email"] == email for user in USERS.values()):
        raise problem(400, "the address has an account")
    user = {"id": next(NUMBERS), "email": email, "password": text(found, "password"), "gen": 0, "is_staff": False}
    user["nick"] = text(found, "nick")
    USERS[user["id"]] = user
    return 201, {"url": url(ask, "users", user)}


@app.on("POST /tokens/")
def enter(ask: Ask) -> Reply:
    found = data(ask)
    email = text(found, "email").lower()
    if wait := FAILED.full(email):
        raise Stop(429, {"title": "Too Many Requests"}, {"Retry-After": str(int(wait) + 1)})
    user = next((user for user in USERS.values() if user["email"] == email), None)
    if not user or user["password"] != found.get("password"):
        FAILED.add(email)
        raise problem(400, "wrong e-mail or password")
    claims = {"uid": user["id"], "gen": user["gen"], "jti": secrets.token_hex(6), "exp": int(time.time()) + LIVES}
    return 201, {"access": sign(claims)}


@app.on("DELETE /tokens/current/")
def leave(ask: Ask) -> Reply:
    me(ask)
    if not hole("logout-keeps"):
        GONE.add(read_token(ask.bearer)["jti"])
    return 204, ...


def shown(ask: Ask, user: dict) -> dict:
    links = {"self": {"href": url(ask, "users", user)}}
    return {"email": user["email"], "nick": user["nick"], "is_staff": user["is_staff"], "_links": links}


@app.on("GET /users/me/")
def self(ask: Ask) -> Reply:
    return shown(ask, me(ask))


@app.on("GET /users/{key}/", "PATCH /users/{key}/")
def user(ask: Ask, key: str) -> Reply:
    asks = me(ask)
    found = USERS.get(int(key)) if key.isdecimal() else None
    if not found or (found is not asks and not hole("user-patch" if ask.method == "PATCH" else "user-read")):
        raise problem(404, "not found")
    if ask.method == "PATCH":
        change = data(ask)
        found["nick"] = text(change, "nick") if "nick" in change else found["nick"]
        if hole("patch-staff") and isinstance(change.get("is_staff"), bool):
            found["is_staff"] = change["is_staff"]
    return shown(ask, found)


@app.on("PUT /users/me/password/")
def password(ask: Ask) -> Reply:
    asks, found = me(ask), data(ask)
    if found.get("old") != asks["password"]:
        raise problem(400, "old password is wrong")
    asks["password"], asks["gen"] = text(found, "new"), asks["gen"] + 1
    return 204, ...


@app.on("GET /things/", "POST /things/")
def things(ask: Ask) -> Reply:
    if ask.method == "POST":
        asks, found = me(ask), data(ask)
        amount = found.get("price")
        if not isinstance(amount, int | float) or amount > 1e6 or (amount <= 0 and not hole("free-things")):
            raise problem(400, "price is wrong")
        thing = {"id": next(NUMBERS), "by": asks["id"], "title": text(found, "title"), "price": amount}
        THINGS[thing["id"]] = thing
        return 201, {"url": url(ask, "things", thing), "price": amount}, {"Location": url(ask, "things", thing)}
    words, size = ask.query.get("search", "").lower(), ask.query.get("page_size", "20")
    if not size.isdecimal() or not 0 < int(size) <= 100:
        size = "100" if size.isdecimal() and int(size) > 100 else "20"
    found = [thing for thing in THINGS.values() if words in thing["title"].lower()]
    rows = [{"url": url(ask, "things", thing), "title": thing["title"], "price": thing["price"]} for thing in found]
    return {"count": len(found), "results": rows[: int(size)]}


@app.on("GET /things/{key}/", "PUT /things/{key}/", "DELETE /things/{key}/")
def thing(ask: Ask, key: str) -> Reply:
    found = THINGS.get(int(key)) if key.isdecimal() else None
    if not found:
        raise problem(404, "not found")
    if ask.method != "GET" and me(ask)["id"] != found["by"]:
        raise problem(403, "not yours")
    if ask.method == "DELETE":
        del THINGS[found["id"]]
        return 204, ...
    if ask.method == "PUT":
        found["title"] = text(data(ask), "title")
    return {"url": url(ask, "things", found), "title": found["title"], "price": found["price"]}


@app.on("POST /baskets/")
def basket_new(ask: Ask) -> Reply:
    asks, found = me(ask), data(ask)
    thing, count = named(ask, "things", found.get("thing"), THINGS), found.get("count")
    if not isinstance(count, int) or not 0 < count <= 50:
        raise problem(400, "count is wrong")
    basket = {"id": next(NUMBERS), "by": asks["id"], "total": thing["price"] * count, "gift": text(found, "gift")}
    BASKETS[basket["id"]] = basket
    return 201, {"url": url(ask, "baskets", basket), "total": basket["total"], "gift": basket["gift"]}


@app.on("GET /baskets/")
def baskets(ask: Ask) -> Reply:
    asks = me(ask)
    whose = asks
    if hole("baskets-of") and "user" in ask.query:
        whose = named(ask, "users", ask.query["user"], USERS)
    return {"results": [{"url": url(ask, "baskets", one)} for one in BASKETS.values() if one["by"] == whose["id"]]}


@app.on("GET /baskets/{key}/", "PATCH /baskets/{key}/", "DELETE /baskets/{key}/")
def basket(ask: Ask, key: str) -> Reply:
    asks, found = me(ask), BASKETS.get(int(key)) if key.isdecimal() else None
    opened = hole({"GET": "basket-read", "PATCH": "basket-patch", "DELETE": "basket-delete"}[ask.method])
    if not found or (found["by"] != asks["id"] and not opened):
        raise problem(404, "not found")
    if ask.method == "DELETE":
        del BASKETS[found["id"]]
        return 204, ...
    if ask.method == "PATCH":
        found["gift"] = text(data(ask), "gift")
        return 202, {"accepted": True}
    return {"url": url(ask, "baskets", found), "total": found["total"], "gift": found["gift"]}


@app.on("GET /debug")
def debug(ask: Ask) -> Reply:
    if not hole("debug-vars"):
        raise problem(404, "not found")
    return {"cmdline": ["/app/api", "--db", "postgres://api:hunter2@db/api"], "memstats": {"Alloc": 1823744}}


app.nowhere = lambda ask: problem(404, "not found").reply
app.unreadable = lambda ask: problem(400, "not JSON").reply
app.broken = lambda ask, error: problem(500, "something broke").reply

if __name__ == "__main__":
    run(app)
