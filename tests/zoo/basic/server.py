"""An old-fashioned API: HTTP Basic on every call, ids in the query, running numbers, plain-text refusals."""

from __future__ import annotations

import base64
import itertools
import os
from urllib.parse import unquote_plus

from kit import App, Ask, Counter, Reply, Stop, hole, run

app = App()
USERS: dict[str, dict] = {}
GOODS: dict[int, dict] = {}
ORDERS: dict[int, dict] = {}
LETTERS: dict[int, dict] = {}
NUMBERS = itertools.count(1200)
GUESSES = Counter(12)


def user_of(ask: Ask) -> dict:
    scheme, _, given = ask.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(given).decode().partition(":")
    except ValueError:
        name = password = ""
    if scheme.lower() != "basic" or name.lower() not in USERS:
        raise Stop(401, b"Authorization Required", {"WWW-Authenticate": 'Basic realm="shop"'})
    if GUESSES.full(name.lower()) and not hole("no-guess-limit"):
        raise Stop(429, b"Slow down", {"Retry-After": "20"})
    if USERS[name.lower()]["pin"] != password:
        GUESSES.add(name.lower())
        raise Stop(401, b"Authorization Required", {"WWW-Authenticate": 'Basic realm="shop"'})
    return USERS[name.lower()]


def number(ask: Ask, rows: dict[int, dict], name: str = "id") -> dict:
    given = ask.query.get(name, "")
    if not given.isdecimal() or int(given) not in rows:
        raise Stop(400, b"unknown id")
    return rows[int(given)]


def words(ask: Ask, name: str) -> str:
    value = ask.form.get(name, "")
    if not value.strip() or len(value) > 400:
        raise Stop(400, f"{name}: required, 400 letters at most".encode())
    return value


@app.on("POST /users/new")
def join(ask: Ask) -> Reply:
    name = words(ask, "mail").lower()
    if name in USERS:
        raise Stop(400, b"mail: in use")
    USERS[name] = {"no": next(NUMBERS), "mail": name, "pin": words(ask, "pin"), "staff": 0}
    return 201, {"no": USERS[name]["no"]}


@app.on("GET /users/self")
def self(ask: Ask) -> Reply:
    user = user_of(ask)
    return {"no": user["no"], "mail": user["mail"]}


@app.on("GET /users/all")
def everybody(ask: Ask) -> Reply:
    if not user_of(ask)["staff"] and not hole("all-open"):
        raise Stop(403, b"Forbidden")
    return {"users": [{"no": user["no"], "mail": user["mail"]} for user in USERS.values()]}


@app.on("POST /goods/new")
def goods_new(ask: Ask) -> Reply:
    user, price = user_of(ask), words(ask, "price")
    try:
        amount = float(price)
    except ValueError:
        raise Stop(400, b"price: a number") from None
    if not 0 < amount < 1e6:
        raise Stop(400, b"price: above 0")
    row = {"id": next(NUMBERS), "by": user["no"], "name": words(ask, "name"), "price": amount}
    GOODS[row["id"]] = row
    return 201, row


@app.on("GET /goods")
def goods(ask: Ask) -> Reply:
    if "id" in ask.query:
        return number(ask, GOODS)
    most = ask.query.get("max", "20")
    if not most.isdecimal() or not 0 < int(most) <= 200:
        raise Stop(400, b"max: 1 to 200")
    found = [row for row in GOODS.values() if ask.query.get("q", "").lower() in row["name"].lower()]
    return {"count": len(found), "rows": found[: int(most)]}


@app.on("POST /goods/edit")
def goods_edit(ask: Ask) -> Reply:
    user, row = user_of(ask), number(ask, GOODS)
    if row["by"] != user["no"] and not hole("goods-edit"):
        raise Stop(403, b"Forbidden")
    row["name"] = words(ask, "name")
    return 204, ...


@app.on("GET /goods/drop", "POST /goods/drop")
def goods_drop(ask: Ask) -> Reply:
    user, row = user_of(ask), number(ask, GOODS)
    if row["by"] != user["no"] and not hole("goods-drop"):
        raise Stop(403, b"Forbidden")
    del GOODS[row["id"]]
    return 200, b"OK"


@app.on("POST /orders/new")
def order_new(ask: Ask) -> Reply:
    user, row, count = user_of(ask), number(ask, GOODS, "goods"), words(ask, "count")
    if not count.lstrip("-").isdecimal() or not (0 < int(count) < 1000 or (hole("minus-one") and int(count) < 0)):
        raise Stop(400, b"count: 1 to 999")
    order = {"id": next(NUMBERS), "by": user["no"], "sum": round(row["price"] * int(count), 2), "to": words(ask, "to")}
    ORDERS[order["id"]] = order
    return 201, {"id": order["id"], "sum": order["sum"], "to": order["to"]}


@app.on("GET /orders")
def orders(ask: Ask) -> Reply:
    user = user_of(ask)
    if "id" not in ask.query:
        whose = ask.query.get("user", str(user["no"])) if hole("orders-user") else str(user["no"])
        return {"rows": [order for order in ORDERS.values() if str(order["by"]) == whose]}
    order = number(ask, ORDERS)
    if order["by"] != user["no"] and not hole("order-query"):
        raise Stop(403, b"Forbidden")
    return {"id": order["id"], "sum": order["sum"], "to": order["to"]}


@app.on("POST /letters/new")
def letter_new(ask: Ask) -> Reply:
    user, row = user_of(ask), number(ask, GOODS, "goods")
    letter = {"id": next(NUMBERS), "from": user["no"], "to": row["by"], "text": words(ask, "text")}
    LETTERS[letter["id"]] = letter
    return 201, letter


@app.on("GET /letters", "POST /letters/drop")
def letters(ask: Ask) -> Reply:
    if hole("letter-anonymous") and ask.method == "GET" and "authorization" not in ask.headers and "id" in ask.query:
        return number(ask, LETTERS)
    user = user_of(ask)
    if "id" not in ask.query:
        return {"rows": [row for row in LETTERS.values() if user["no"] in (row["from"], row["to"])]}
    row = number(ask, LETTERS)
    opened = hole("letter-read") if ask.method == "GET" else hole("letter-drop")
    if user["no"] not in (row["from"], row["to"]) and not opened:
        # Told apart from an id that never was: an oracle, if it is one.
        raise Stop(
            403 if hole("letter-oracle") else 400, b"not your letter" if hole("letter-oracle") else b"unknown id"
        )
    if ask.method == "POST":
        del LETTERS[row["id"]]
        return 200, b"OK"
    return row


def die_on_quotes(ask: Ask) -> None:
    """The whole server ends, as one with a fault in its driver does."""
    said = "".join(ask.query.values()) + unquote_plus(ask.body.decode(errors="replace"))
    if hole("quote-kills") and "'" in said:
        os._exit(1)


app.before = die_on_quotes
app.nowhere = lambda ask: (404, b"Not Found")
app.broken = lambda ask, error: (500, b"Internal Server Error")
app.unreadable = lambda ask: (400, b"Bad Request")
USERS["staff@basic.test"] = {"no": 1, "mail": "staff@basic.test", "pin": "Staff-pass-12345", "staff": 1}

if __name__ == "__main__":
    run(app)
