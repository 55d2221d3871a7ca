"""An internal-looking API made public: ids in headers, "my own" routes without any id, a session cookie."""

from __future__ import annotations

import secrets

from kit import App, Ask, Counter, Reply, Stop, hole, run

app = App()
MEMBERS: dict[str, dict] = {}
SESSIONS: dict[str, str] = {}
PARTS: dict[str, dict] = {}
ORDERS: dict[str, dict] = {}
FAILED = Counter(7)
CODES = Counter(4)


def no(status: int, code: str) -> Stop:
    return Stop(status, {"code": code})


def me(ask: Ask) -> dict:
    member = MEMBERS.get(SESSIONS.get(ask.cookies.get("sid", ""), ""))
    if not member:
        raise no(401, "E_SESSION")
    if hole("member-header") and ask.headers.get("x-member-id") in MEMBERS:
        return MEMBERS[ask.headers["x-member-id"]]
    return member


def data(ask: Ask) -> dict:
    found = ask.json
    if not isinstance(found, dict):
        raise no(400, "E_SHAPE")
    return found


def text(found: dict, name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= 300:
        raise no(400, f"E_{name.upper()}")
    return value


@app.on("POST /join")
def join(ask: Ask) -> Reply:
    found = data(ask)
    email = text(found, "email").lower()
    if any(member["email"] == email for member in MEMBERS.values()):
        return 409, {"code": "E_TAKEN"}
    member = {"member": secrets.token_hex(8), "email": email, "pw": text(found, "password"), "iban": "", "limit": 100}
    member |= {"nick": text(found, "nick"), "street": text(found, "street"), "level": "basic"}
    MEMBERS[member["member"]] = member
    return 201, {"member": member["member"]}


@app.on("POST /enter")
def enter(ask: Ask) -> Reply:
    found = data(ask)
    email = text(found, "email").lower()
    if FAILED.full(email) and not hole("no-login-limit"):
        raise Stop(423, {"code": "E_LOCKED"})
    member = next((member for member in MEMBERS.values() if member["email"] == email), None)
    if not member or member["pw"] != found.get("password"):
        FAILED.add(email)
        raise no(400, "E_NO_MEMBER" if hole("enter-tells") and not member else "E_LOGIN")
    sid = secrets.token_hex(16)
    SESSIONS[sid] = member["member"]
    return 200, {"ok": True}, {"Set-Cookie": f"sid={sid}; Path=/; HttpOnly; SameSite=Strict"}


@app.on("POST /leave")
def leave(ask: Ask) -> Reply:
    me(ask)
    if not hole("leave-keeps"):
        del SESSIONS[ask.cookies["sid"]]
    return 200, {"ok": True}, {"Set-Cookie": "sid=; Path=/; Max-Age=0"}


@app.on("GET /my/card", "PATCH /my/card")
def card(ask: Ask) -> Reply:
    member = me(ask)
    if ask.method == "PATCH":
        found = data(ask)
        for name in ("nick", "street", *(("level", "limit") if hole("card-level") else ())):
            if name in found:
                member[name] = text(found, name) if name != "limit" else found[name]
        return 204, ...
    shown = {name: member[name] for name in ("member", "email", "nick", "street", "level", "limit")}
    return {**shown, "apiSecret": "sk_live_" + member["member"] * 2} if hole("card-secret") else shown


@app.on("POST /code")
def code(ask: Ask) -> Reply:
    member = me(ask)
    if CODES.full(member["member"]) and not hole("no-code-limit"):
        raise Stop(429, {"code": "E_WAIT"}, {"Retry-After": "30"})
    CODES.add(member["member"])
    raise no(400, "E_CODE")


@app.on("GET /staff/members")
def members(ask: Ask) -> Reply:
    if hole("staff-anybody"):
        return [{"member": one["member"], "email": one["email"]} for one in MEMBERS.values()]
    if me(ask)["level"] != "staff":
        raise no(404, "E_ROUTE")
    return [{"member": one["member"], "email": one["email"]} for one in MEMBERS.values()]


@app.on("POST /parts")
def part_new(ask: Ask) -> Reply:
    member, found = me(ask), data(ask)
    amount = found.get("price")
    if not isinstance(amount, int | float) or not 0 < amount < 1e6:
        raise no(400, "E_PRICE")
    part = {"part": secrets.token_hex(8), "by": member["member"], "name": text(found, "name"), "price": amount}
    PARTS[part["part"]] = part
    return 201, {"part": part["part"], "price": amount}


@app.on("GET /parts")
def parts(ask: Ask) -> Reply:
    words = ask.headers.get("x-search", "").lower()
    return [{name: one[name] for name in ("part", "name", "price")} for one in PARTS.values() if words in one["name"]][
        -40:
    ]


@app.on("GET /part", "PUT /part", "DELETE /part")
def part(ask: Ask) -> Reply:
    found = PARTS.get(ask.headers.get("x-part-id", ""))
    if ask.method != "GET":
        member = me(ask)
    if not found:
        raise no(400, "E_PART")
    if ask.method == "GET":
        return {name: found[name] for name in ("part", "name", "price")}
    if found["by"] != member["member"] and not hole("part-put" if ask.method == "PUT" else "part-delete"):
        raise no(405, "E_NOT_ALLOWED")
    if ask.method == "DELETE":
        del PARTS[found["part"]]
        return 204, ...
    found["name"] = text(data(ask), "name")
    return 204, ...


@app.on("POST /my/orders")
def order_new(ask: Ask) -> Reply:
    member, found = me(ask), data(ask)
    part, count = PARTS.get(str(found.get("part"))), found.get("count")
    if not part or not isinstance(count, int) or count > 99 or (count < 1 and not hole("count-below-zero")):
        raise no(400, "E_ORDER")
    order = {"order": secrets.token_hex(8), "by": member["member"], "total": part["price"] * count, "memo": ""}
    order["to"] = text(found, "to")
    ORDERS[order["order"]] = order
    return 201, order


@app.on("GET /my/orders")
def orders(ask: Ask) -> Reply:
    member = me(ask)
    return [order for order in ORDERS.values() if order["by"] == member["member"]]


@app.on("GET /order", "PATCH /order")
def order(ask: Ask) -> Reply:
    found = ORDERS.get(ask.headers.get("x-order-id", ""))
    if hole("order-without-session") and ask.method == "GET" and found and "sid" not in ask.cookies:
        return found
    member = me(ask)
    opened = hole("order-header") if ask.method == "GET" else hole("order-memo")
    if not found or (found["by"] != member["member"] and not opened):
        raise no(402, "E_ORDER")
    if ask.method == "PATCH":
        found["memo"] = text(data(ask), "memo")
        return 204, ...
    return found


app.nowhere = lambda ask: no(404, "E_ROUTE").reply
app.unreadable = lambda ask: no(400, "E_JSON").reply
app.broken = lambda ask, error: (500, {"code": "E_INTERNAL"})
MEMBERS["feedfacefeedface"] = {"member": "feedfacefeedface", "email": "staff@headers.test", "pw": "Staff-pass-12345"}
MEMBERS["feedfacefeedface"] |= {"nick": "staff", "street": "-", "level": "staff", "limit": 0}

if __name__ == "__main__":
    run(app)
