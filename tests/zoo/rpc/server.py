"""An API of calls: everything is a POST to `/call/Thing.Verb`, ids in the body, and every answer is 200."""

from __future__ import annotations

import secrets
import time

from kit import App, Ask, Counter, Reply, Stop, hole, run

app = App()
USERS: dict[str, dict] = {}
SESSIONS: dict[str, str] = {}
ITEMS: dict[str, dict] = {}
ORDERS: dict[str, dict] = {}
NOTES: dict[str, dict] = {}
CODES: dict[str, str] = {}
FAILED = Counter(5)
TRIES = Counter(5)
CARTS: dict[str, dict] = {}


def say(**data: object) -> Reply:
    return 200, {"success": True, "result": data, "request_id": secrets.token_hex(8)}


def fail(text: str, code: int) -> Stop:
    return Stop(200, {"success": False, "error": {"code": code, "message": text}, "request_id": secrets.token_hex(8)})


def me(ask: Ask) -> dict:
    user = USERS.get(SESSIONS.get(ask.headers.get("authorization", "").removeprefix("Session "), ""))
    if not user:
        raise fail("session required", 4010)
    return user


def args(ask: Ask) -> dict:
    data = ask.json
    if not isinstance(data, dict):
        raise fail("arguments have to be an object", 4000)
    return data


def text(data: dict, name: str, most: int = 500) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value or len(value) > most:
        if hole("dies-on-wrong-type") and not isinstance(value, str):
            raise TypeError(f"expected string for {name}")
        raise fail(f"bad argument {name}", 4000)
    return value


def code() -> str:
    return secrets.token_hex(6).upper()


@app.on("POST /call/Account.Create")
def create(ask: Ask) -> Reply:
    data = args(ask)
    email = text(data, "email").lower()
    if any(user["email"] == email for user in USERS.values()):
        raise fail("cannot create this account", 4090)
    user = {
        "user_no": code(),
        "email": email,
        "pass": text(data, "password"),
        "label": text(data, "label"),
        "credit": 0,
    }
    user |= {"role": "member", "verified": False}
    if hole("create-credit"):
        user |= {name: data[name] for name in ("credit", "role", "verified") if name in data}
    USERS[user["user_no"]] = user
    return say(user_no=user["user_no"])


@app.on("POST /call/Account.Open")
def open_session(ask: Ask) -> Reply:
    data = args(ask)
    email = text(data, "email").lower()
    if not hole("no-login-limit") and FAILED.full(email):
        raise fail("locked, come back later", 4290)
    user = next((user for user in USERS.values() if user["email"] == email), None)
    if not user or user["pass"] != data.get("password"):
        FAILED.add(email)
        raise fail("unknown user" if hole("login-tells") and not user else "wrong credentials", 4011)
    time.sleep(0.05)
    session = secrets.token_urlsafe(20)
    SESSIONS[session] = user["user_no"]
    return say(session=session)


@app.on("POST /call/Account.Close")
def close(ask: Ask) -> Reply:
    me(ask)
    SESSIONS.pop(ask.headers["authorization"].removeprefix("Session "))
    return say(closed=True)


def shown(user: dict) -> dict:
    seen = {name: user[name] for name in ("user_no", "email", "label", "credit", "role", "verified")}
    return {**seen, "password": user["pass"]} if hole("password-shown") else seen


@app.on("POST /call/Account.Me")
def who(ask: Ask) -> Reply:
    return say(user=shown(me(ask)))


@app.on("POST /call/Account.Update")
def update(ask: Ask) -> Reply:
    user, data = me(ask), args(ask)
    user["label"] = text(data, "label")
    return say(user=shown(user))


@app.on("POST /call/Account.SendCode")
def send_code(ask: Ask) -> Reply:
    user = me(ask)
    CODES[user["user_no"]] = f"{secrets.randbelow(10**6):06d}"
    return say(sent=True)


@app.on("POST /call/Account.Confirm")
def confirm(ask: Ask) -> Reply:
    user, data = me(ask), args(ask)
    if not hole("no-code-limit"):
        if TRIES.full(user["user_no"]):
            raise fail("too many codes, wait", 4290)
        TRIES.add(user["user_no"])
    if str(data.get("code")) != CODES.get(user["user_no"]):
        raise fail("wrong code", 4012)
    user["verified"] = True
    return say(verified=True)


@app.on("POST /call/Staff.Accounts")
def accounts(ask: Ask) -> Reply:
    user = me(ask)
    if user["role"] != "staff" and not hole("staff-open"):
        raise fail("not allowed", 4030)
    return say(accounts=[{"user_no": one["user_no"], "email": one["email"]} for one in USERS.values()])


@app.on("POST /call/Item.Create")
def item_create(ask: Ask) -> Reply:
    user, data = me(ask), args(ask)
    price = data.get("price_minor")
    if not isinstance(price, int) or price > 10**9 or (price < 1 and not hole("negative-price")):
        raise fail("bad argument price_minor", 4000)
    item = {"item_no": code(), "owner_no": user["user_no"], "caption": text(data, "caption"), "price_minor": price}
    ITEMS[item["item_no"]] = item
    return say(item=item)


@app.on("POST /call/Item.Find")
def item_find(ask: Ask) -> Reply:
    data = args(ask)
    words, most = str(data.get("words", "")), data.get("max", 20)
    if not isinstance(most, int) or not 1 <= most <= 100:
        raise fail("bad argument max", 4000)
    return say(items=[item for item in ITEMS.values() if words.lower() in item["caption"].lower()][:most])


def item_of(ask: Ask, data: dict) -> dict:
    user, item = me(ask), ITEMS.get(str(data.get("item_no")))
    if not item:
        raise fail("no such item", 4040)
    if item["owner_no"] != user["user_no"]:
        raise fail("not allowed", 4030)
    return item


@app.on("POST /call/Item.Get")
def item_get(ask: Ask) -> Reply:
    item = ITEMS.get(str(args(ask).get("item_no")))
    if not item:
        raise fail("no such item", 4040)
    return say(item=item)


@app.on("POST /call/Item.Change")
def item_change(ask: Ask) -> Reply:
    data = args(ask)
    item = item_of(ask, data)
    item["caption"] = text(data, "caption")
    return say(item=item)


@app.on("POST /call/Item.Remove")
def item_remove(ask: Ask) -> Reply:
    item = item_of(ask, args(ask))
    del ITEMS[item["item_no"]]
    return say(removed=True)


@app.on("POST /call/Order.Place")
def order_place(ask: Ask) -> Reply:
    user, data = me(ask), args(ask)
    item, count = ITEMS.get(str(data.get("item_no"))), data.get("count")
    if not item or not isinstance(count, int) or not 1 <= count <= 99:
        raise fail("bad arguments", 4000)
    order = {"order_no": code(), "owner_no": user["user_no"], "sum_minor": count * item["price_minor"], "remark": ""}
    order["ship_to"] = text(data, "ship_to")
    ORDERS[order["order_no"]] = order
    return say(order=order)


def order_of(ask: Ask, data: dict, opened: bool) -> dict:
    order = ORDERS.get(str(data.get("order_no")))
    if opened and order:
        return order
    if not order or order["owner_no"] != me(ask)["user_no"]:
        me(ask)
        raise fail("no such order", 4040)
    return order


@app.on("POST /call/Order.Get")
def order_get(ask: Ask) -> Reply:
    if hole("order-get-signed-in"):
        me(ask)
    return say(order=order_of(ask, args(ask), hole("order-get-signed-in") or hole("order-get-anybody")))


@app.on("POST /call/Order.Remark")
def order_remark(ask: Ask) -> Reply:
    me(ask)
    data = args(ask)
    order = order_of(ask, data, hole("order-remark"))
    order["remark"] = text(data, "remark")
    return say(saved=True)


@app.on("POST /call/Order.List")
def order_list(ask: Ask) -> Reply:
    user, data = me(ask), args(ask)
    whose = data.get("owner_no", user["user_no"]) if hole("order-list-owner") else user["user_no"]
    return say(orders=[order for order in ORDERS.values() if order["owner_no"] == whose])


@app.on("POST /call/Note.Add")
def note_add(ask: Ask) -> Reply:
    user = me(ask)
    note = {"note_no": code(), "owner_no": user["user_no"], "words": text(args(ask), "words")}
    NOTES[note["note_no"]] = note
    return say(note=note)


@app.on("POST /call/Note.Get", "POST /call/Note.Remove", "POST /call/Note.Change")
def note_any(ask: Ask) -> Reply:
    user, data = me(ask), args(ask)
    note, verb = NOTES.get(str(data.get("note_no"))), ask.path.rpartition(".")[2]
    if not note or (note["owner_no"] != user["user_no"] and not hole(f"note-{verb.lower()}")):
        if verb == "Get":
            return say(note=None)
        raise fail("no such note", 4040)
    if verb == "Remove":
        del NOTES[note["note_no"]]
    if verb == "Change":
        note["words"] = text(data, "words")
        return say(saved=1)
    return say(note=note)


app.nowhere = lambda ask: fail("no such call", 4041).reply
app.unreadable = lambda ask: fail("not JSON", 4001).reply
app.broken = lambda ask, error: (500, {"success": False, "error": {"code": 5000, "message": "internal"}})
USERS["STAFF0000000"] = {"user_no": "STAFF0000000", "email": "staff@rpc.test", "pass": "Staff-pass-12345"}
USERS["STAFF0000000"] |= {"label": "Staff", "credit": 0, "role": "staff", "verified": True}

if __name__ == "__main__":
    run(app)
