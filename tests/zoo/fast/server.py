"""A shop with a published description: OAuth2 password form, short tokens with refresh, `{"detail": …}`, OpenAPI 3."""

from __future__ import annotations

import itertools
import secrets
import time
import uuid

from kit import App, Ask, Counter, Reply, Stop, hole, run

app = App()
USERS: dict[int, dict] = {}
TOKENS: dict[str, tuple[int, float]] = {}
REFRESH: dict[str, int] = {}
ITEMS: dict[str, dict] = {}
ORDERS: dict[str, dict] = {}
INVOICES: dict[str, dict] = {}
NUMBERS = itertools.count(1)
FAILED = Counter(5)
SIGNUPS = Counter(400)


def no(status: int, detail: object, **headers: str) -> Stop:
    return Stop(status, {"detail": detail}, headers)


def invalid(where: list, text: str) -> Stop:
    return no(422, [{"loc": where, "msg": text, "type": "value_error"}])


def me(ask: Ask, role: str | None = None) -> dict:
    number, ends = TOKENS.get(ask.bearer, (0, 0.0))
    if not number or ends < time.monotonic():
        raise no(401, "Could not validate credentials", **{"WWW-Authenticate": "Bearer"})
    if role and USERS[number]["role"] != role:
        raise no(403, "The user doesn't have enough privileges")
    return USERS[number]


def body(ask: Ask) -> dict:
    found = ask.json
    if not isinstance(found, dict):
        raise invalid(["body"], "value is not a valid dict")
    return found


def text(found: dict, name: str, most: int = 255) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= most or "\x00" in value:
        raise invalid(["body", name], "string required")
    return value


def key(value: str) -> str:
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise invalid(["path", "id"], "value is not a valid uuid") from None


def shown(user: dict) -> dict:
    card = {name: user[name] for name in ("id", "email", "full_name", "is_active", "role")}
    return {**card, "hashed_password": user["hashed_password"]} if hole("user-hash") else card


@app.on("POST /api/users/open")
def join(ask: Ask) -> Reply:
    found = body(ask)
    email = text(found, "email").lower()
    if any(user["email"] == email for user in USERS.values()):
        raise no(400, "The user with this username already exists in the system.")
    user = {"id": next(NUMBERS), "email": email, "full_name": text(found, "full_name"), "is_active": True}
    user |= {"password": text(found, "password"), "role": found.get("role") if hole("open-role") else "customer"}
    user["hashed_password"] = (
        "$argon2id$v=19$m=65536,t=3,p=4$" + secrets.token_urlsafe(16) + "$" + secrets.token_urlsafe(32)
    )
    user["role"] = user["role"] or "customer"
    USERS[user["id"]] = user
    return 201, shown(user)


def session(user: dict) -> dict:
    access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    TOKENS[access], REFRESH[refresh] = (user["id"], time.monotonic() + 60), user["id"]
    return {"access_token": access, "refresh_token": refresh, "token_type": "bearer", "expires_in": 60}


@app.on("POST /api/login/access-token")
def enter(ask: Ask) -> Reply:
    form = ask.form
    email = form.get("username", "").lower()
    where = "" if hole("limit-by-nothing") else email
    if wait := FAILED.full(where):
        raise no(429, "Too many attempts", **{"Retry-After": str(int(wait) + 1)})
    user = next((user for user in USERS.values() if user["email"] == email), None)
    if not user or user["password"] != form.get("password"):
        if not hole("no-login-limit"):
            FAILED.add(where)
        raise no(400, "Incorrect email or password")
    return session(user)


@app.on("POST /api/logout")
def leave(ask: Ask) -> Reply:
    user = me(ask)
    if not hole("logout-keeps"):
        for token in [token for token, (number, _) in TOKENS.items() if number == user["id"]]:
            del TOKENS[token]
    return {"msg": "bye"}


@app.on("GET /api/users/me", "PATCH /api/users/me")
def self(ask: Ask) -> Reply:
    user = me(ask)
    if ask.method == "PATCH":
        found = body(ask)
        for name in ("full_name", *(("role",) if hole("me-role") else ())):
            if name in found:
                user[name] = text(found, name)
    return shown(user)


@app.on("GET /api/users/")
def users(ask: Ask) -> Reply:
    me(ask, None if hole("users-open") else "admin")
    return [shown(user) for user in USERS.values()]


@app.on("GET /api/users/{number}")
def user(ask: Ask, number: str) -> Reply:
    asks = me(ask)
    if not number.isdecimal():
        raise invalid(["path", "user_id"], "value is not a valid integer")
    if asks["role"] != "admin" and int(number) != asks["id"] and not hole("user-by-id"):
        raise no(403, "The user doesn't have enough privileges")
    if int(number) not in USERS:
        raise no(404, "User not found")
    return shown(USERS[int(number)])


@app.on("GET /api/items/", "POST /api/items/")
def items(ask: Ask) -> Reply:
    if ask.method == "POST":
        user, found = me(ask), body(ask)
        price = found.get("price")
        if not isinstance(price, int | float) or isinstance(price, bool) or not 0 < price < 1e6:
            raise invalid(["body", "price"], "ensure this value is greater than 0")
        item = {"id": str(uuid.uuid4()), "owner_id": user["id"], "title": text(found, "title"), "price": price}
        ITEMS[item["id"]] = item
        return 201, item
    size = ask.query.get("limit", "50")
    if not size.isdecimal() or int(size) > 200:
        raise invalid(["query", "limit"], "ensure this value is less than or equal to 200")
    found = [item for item in ITEMS.values() if ask.query.get("q", "").lower() in item["title"].lower()]
    return found[: int(size)]


@app.on("GET /api/items/{number}", "PUT /api/items/{number}", "DELETE /api/items/{number}")
def item(ask: Ask, number: str) -> Reply:
    found = ITEMS.get(key(number))
    if ask.method == "GET":
        return found or (404, {"detail": "Item not found"})
    user = me(ask)
    if not found:
        raise no(404, "Item not found")
    if found["owner_id"] != user["id"] and not hole("item-put" if ask.method == "PUT" else "item-delete"):
        raise no(400, "Not enough permissions")
    if ask.method == "DELETE":
        del ITEMS[found["id"]]
        return {"ok": True}
    change = body(ask)
    found["title"] = text(change, "title")
    if hole("item-owner") and isinstance(change.get("owner_id"), int):
        found["owner_id"] = change["owner_id"]
    return found


@app.on("GET /api/orders/", "POST /api/orders/")
def orders(ask: Ask) -> Reply:
    user = me(ask)
    if ask.method == "GET":
        return [order for order in ORDERS.values() if order["user_id"] == user["id"]]
    found = body(ask)
    item, quantity = ITEMS.get(str(found.get("item_id"))), found.get("quantity")
    if not item or not isinstance(quantity, int) or not 0 < quantity <= 100:
        raise invalid(["body", "quantity"], "value is not valid")
    order = {"id": str(uuid.uuid4()), "user_id": user["id"], "total": item["price"] * quantity}
    order["ship_to"] = text(found, "ship_to")
    ORDERS[order["id"]] = order
    INVOICES[order["id"]] = {"order_id": order["id"], "bill_to": user["email"], "address": order["ship_to"]}
    return 201, order


@app.on("GET /api/orders/{number}")
def order(ask: Ask, number: str) -> Reply:
    found = ORDERS.get(key(number))
    if hole("order-open") and found:
        return found
    user = me(ask)
    if not found or (found["user_id"] != user["id"] and user["role"] != "admin"):
        raise no(404, "Order not found")
    return found


@app.on("GET /api/orders/{number}/invoice")
def invoice(ask: Ask, number: str) -> Reply:
    if hole("invoice-open"):
        return INVOICES.get(key(number)) or (404, {"detail": "Invoice not found"})
    user, found = me(ask), INVOICES.get(key(number))
    if not found or (ORDERS[found["order_id"]]["user_id"] != user["id"] and not hole("invoice-of-others")):
        raise no(404, "Invoice not found")
    return found


@app.on("GET /api/admin/metrics")
def metrics(ask: Ask) -> Reply:
    if not hole("metrics-open"):
        me(ask, "admin")
    return {"users": len(USERS), "last_signups": [user["email"] for user in USERS.values()][-5:]}


@app.on("GET /api/openapi.json")
def document(_ask: Ask) -> Reply:
    paths: dict[str, dict] = {}
    for verb, pattern, handler in app.routes:
        path = pattern.pattern.removesuffix("/?").replace("\\", "")
        for name in ("number",):
            path = path.replace(f"(?P<{name}>[^/]+)", f"{{{name}}}")
        if path.endswith("openapi.json"):
            continue
        operation: dict = {
            "operationId": f"{handler.__name__}_{verb.lower()}",
            "responses": {"200": {"description": "ok"}},
        }
        if "{number}" in path:
            operation["parameters"] = [{"name": "number", "in": "path", "required": True, "schema": {"type": "string"}}]
        public = path in ("/api/users/open", "/api/login/access-token", "/api/items", "/api/items/")
        if not (public or (path.startswith("/api/items/") and verb == "GET")):
            operation["security"] = [{"OAuth2PasswordBearer": []}]
        if "/admin/" in path:
            operation["tags"] = ["admin"]
        paths.setdefault(path, {})[verb.lower()] = operation
    schemes = {"OAuth2PasswordBearer": {"type": "oauth2", "flows": {"password": {"tokenUrl": "login/access-token"}}}}
    return {"openapi": "3.1.0", "info": {"title": "shop"}, "paths": paths, "components": {"securitySchemes": schemes}}


app.nowhere = lambda ask: (404, {"detail": "Not Found"})
app.other_verb = lambda ask: (405, {"detail": "Method Not Allowed"})
app.unreadable = lambda ask: invalid(["body"], "JSON decode error").reply
app.broken = lambda ask, error: (500, b"Internal Server Error")
ADMIN = {"id": next(NUMBERS), "email": "staff@fast.test", "password": "Staff-pass-12345", "role": "admin"}
USERS[ADMIN["id"]] = ADMIN | {
    "full_name": "Staff",
    "is_active": True,
    "hashed_password": "$argon2id$v=19$m=1,t=1,p=1$aaaaaaaaaaaa$bbbbbbbbbbbbbbbb",
}

if __name__ == "__main__":
    run(app)
