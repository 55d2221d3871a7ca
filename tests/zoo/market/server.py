"""A market of many sellers, role in the token: a buyer gets 403 on all that is a seller's: only a seller tells."""

from __future__ import annotations

import secrets
import uuid

from kit import App, Ask, Counter, Reply, Stop, hole, run

app = App()
ACCOUNTS: dict[str, dict] = {}
KEYS: dict[str, str] = {}
STORES: dict[str, dict] = {}
PRODUCTS: dict[str, dict] = {}
ORDERS: dict[str, dict] = {}
PAYOUTS: dict[str, dict] = {}
FAILED = Counter(5)
FORBIDDEN = Stop(403, {"status": 403, "title": "Forbidden", "detail": "Your role or account may not do this."})
UNKNOWN = Stop(404, {"status": 404, "title": "Not Found", "detail": "No such object."})


def bad(detail: str) -> Stop:
    return Stop(422, {"status": 422, "title": "Unprocessable", "detail": detail})


def who(ask: Ask, *roles: str) -> dict:
    account = ACCOUNTS.get(KEYS.get(ask.bearer, ""))
    if not account:
        raise Stop(401, {"status": 401, "title": "Unauthorized"}, {"WWW-Authenticate": "Bearer"})
    if roles and account["role"] not in roles:
        raise FORBIDDEN
    return account


def body(ask: Ask) -> dict:
    found = ask.json
    if not isinstance(found, dict):
        raise bad("an object is needed")
    return found


def text(found: dict, name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 250:
        raise bad(f"{name}: 1 to 250 letters")
    return value


def price(found: dict) -> int:
    value = found.get("price_cents")
    if not isinstance(value, int) or isinstance(value, bool) or value > 10**8:
        raise bad("price_cents: a number")
    if value < 1 and not hole("negative-price"):
        raise bad("price_cents: above 0")
    return value


@app.on("POST /accounts")
def join(ask: Ask) -> Reply:
    found = body(ask)
    email, role = text(found, "email").lower(), found.get("role", "BUYER")
    if role not in ("BUYER", "SELLER") and not (hole("signup-as-admin") and role == "ADMIN"):
        raise bad("role: BUYER or SELLER")
    if any(account["email"] == email for account in ACCOUNTS.values()):
        raise Stop(409, {"status": 409, "title": "Conflict", "detail": "e-mail in use"})
    account = {"id": str(uuid.uuid4()), "email": email, "password": text(found, "password"), "role": role}
    account["approved"] = bool(found.get("approved", False)) if hole("signup-approved") else False
    ACCOUNTS[account["id"]] = account
    return 201, {name: account[name] for name in ("id", "email", "role", "approved")}


@app.on("POST /sessions")
def enter(ask: Ask) -> Reply:
    found = body(ask)
    email = text(found, "email").lower()
    if wait := FAILED.full(email):
        headers = {"Retry-After": str(int(wait) + 1), "RateLimit-Limit": "5", "RateLimit-Remaining": "0"}
        raise Stop(429, {"status": 429, "title": "Too Many Requests"}, headers)
    account = next((account for account in ACCOUNTS.values() if account["email"] == email), None)
    if not account or account["password"] != found.get("password"):
        FAILED.add(email)
        raise Stop(401, {"status": 401, "title": "Unauthorized", "detail": "wrong e-mail or password"})
    key = secrets.token_hex(24)
    KEYS[key] = account["id"]
    return 201, {"token": key, "role": account["role"]}


@app.on("DELETE /sessions/current")
def leave(ask: Ask) -> Reply:
    who(ask)
    del KEYS[ask.bearer]
    return 204, ...


@app.on("GET /accounts/me")
def me(ask: Ask) -> Reply:
    account = who(ask)
    return {name: account[name] for name in ("id", "email", "role", "approved")}


@app.on("GET /admin/accounts")
def accounts(ask: Ask) -> Reply:
    who(ask, *(("ADMIN", "SELLER") if hole("sellers-see-accounts") else ("ADMIN",)))
    return {"items": [{"id": account["id"], "email": account["email"]} for account in ACCOUNTS.values()]}


@app.on("POST /admin/accounts/{key}/approve")
def approve(ask: Ask, key: str) -> Reply:
    who(ask, *(() if hole("approve-open") else ("ADMIN",)))
    if key not in ACCOUNTS:
        raise UNKNOWN
    ACCOUNTS[key]["approved"] = True
    return {"id": key, "approved": True}


@app.on("POST /stores")
def store_new(ask: Ask) -> Reply:
    account = who(ask, "SELLER")
    store = {"id": str(uuid.uuid4()), "owner_id": account["id"], "name": text(body(ask), "name"), "iban": ""}
    store["iban"] = "NL" + str(secrets.randbelow(10**16)).zfill(16)
    STORES[store["id"]] = store
    return 201, store


@app.on("GET /stores/{key}", "PATCH /stores/{key}", "DELETE /stores/{key}")
def store(ask: Ask, key: str) -> Reply:
    account, found = who(ask, "SELLER"), STORES.get(key)
    opened = hole({"GET": "store-read", "PATCH": "store-update", "DELETE": "store-delete"}[ask.method])
    if not found:
        raise UNKNOWN
    if found["owner_id"] != account["id"] and not opened:
        raise FORBIDDEN
    if ask.method == "DELETE":
        del STORES[key]
        for product in [one for one in PRODUCTS.values() if one["store_id"] == key]:
            del PRODUCTS[product["id"]]
        return 204, ...
    if ask.method == "PATCH":
        found["name"] = text(body(ask), "name")
    return found


@app.on("POST /stores/{key}/products")
def product_new(ask: Ask, key: str) -> Reply:
    account, found = who(ask, "SELLER"), STORES.get(key)
    if not found or found["owner_id"] != account["id"]:
        raise UNKNOWN if not found else FORBIDDEN
    data = body(ask)
    product = {"id": str(uuid.uuid4()), "store_id": key, "title": text(data, "title"), "price_cents": price(data)}
    PRODUCTS[product["id"]] = product
    return 201, product


@app.on("GET /products")
def products(ask: Ask) -> Reply:
    limit = ask.query.get("limit", "20")
    if not limit.isdecimal() or (int(limit) > 100 and not hole("big-pages")):
        raise bad("limit: 1 to 100")
    found = [one for one in PRODUCTS.values() if ask.query.get("q", "").lower() in one["title"].lower()]
    return {"items": found[: int(limit)], "total": len(found)}


@app.on("GET /products/{key}", "PATCH /products/{key}", "DELETE /products/{key}")
def product(ask: Ask, key: str) -> Reply:
    if ask.method != "GET":
        account = who(ask, "SELLER")
    if key not in PRODUCTS:
        raise UNKNOWN
    found = PRODUCTS[key]
    if ask.method == "GET":
        return found
    mine = STORES[found["store_id"]]["owner_id"] == account["id"]
    if not mine and not hole("product-update" if ask.method == "PATCH" else "product-delete"):
        raise FORBIDDEN
    if ask.method == "DELETE":
        del PRODUCTS[key]
        return 204, ...
    data = body(ask)
    if "price_cents" in data:
        found["price_cents"] = price(data)
    if "title" in data:
        found["title"] = text(data, "title")
    return found


@app.on("POST /orders")
def order_new(ask: Ask) -> Reply:
    account, data = who(ask, "BUYER"), body(ask)
    found, count = PRODUCTS.get(str(data.get("product_id"))), data.get("quantity")
    if not found or not isinstance(count, int) or not 0 < count < 1000:
        raise bad("product_id or quantity")
    total = found["price_cents"] * count
    order = {"id": str(uuid.uuid4()), "buyer_id": account["id"], "store_id": found["store_id"], "total_cents": total}
    order["deliver_to"] = text(data, "deliver_to")
    ORDERS[order["id"]] = order
    return 201, order


@app.on("GET /orders")
def orders(ask: Ask) -> Reply:
    account = who(ask, "BUYER")
    return {"items": [one for one in ORDERS.values() if one["buyer_id"] == account["id"] or hole("orders-of-all")]}


@app.on("GET /orders/{key}")
def order(ask: Ask, key: str) -> Reply:
    account, found = who(ask), ORDERS.get(key)
    if not found:
        raise UNKNOWN
    store = STORES.get(found["store_id"], {})
    sells = store.get("owner_id") == account["id"] or (hole("order-any-seller") and account["role"] == "SELLER")
    if account["id"] != found["buyer_id"] and not sells:
        raise FORBIDDEN
    return found


@app.on("POST /payouts")
def payout_new(ask: Ask) -> Reply:
    account = who(ask, "SELLER")
    payout = {"id": str(uuid.uuid4()), "seller_id": account["id"], "account": text(body(ask), "account")}
    PAYOUTS[payout["id"]] = payout
    return 201, payout


@app.on("GET /payouts/{key}")
def payout(ask: Ask, key: str) -> Reply:
    account, found = who(ask, "SELLER"), PAYOUTS.get(key)
    if not found or (found["seller_id"] != account["id"] and not hole("payout-read")):
        raise UNKNOWN
    return found


def stock() -> None:
    """So much that a page without bounds is seen to have none."""
    keeper = str(uuid.UUID(int=2))
    STORES[keeper] = {"id": keeper, "owner_id": ADMIN["id"], "name": "stock", "iban": "NL00"}
    for number in range(700):
        key = str(uuid.uuid4())
        PRODUCTS[key] = {"id": key, "store_id": keeper, "title": f"part {number}", "price_cents": 100}


app.nowhere = lambda ask: UNKNOWN.reply
app.unreadable = lambda ask: bad("not JSON").reply
app.broken = lambda ask, error: (500, {"status": 500, "title": "Internal Server Error"})
ADMIN = {"id": str(uuid.UUID(int=1)), "email": "staff@market.test", "password": "Staff-pass-12345", "role": "ADMIN"}
ACCOUNTS[ADMIN["id"]] = ADMIN | {"approved": True}

if hole("big-pages"):
    stock()

if __name__ == "__main__":
    run(app)
