"""A shop as many are written for Node: camelCase, `_id` of 24 hex digits, an `x-auth-token` header, on Starlette."""

from __future__ import annotations

import hashlib
import json
import secrets
import traceback

from kit import Counter, hole, run_asgi
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

USERS: dict[str, dict] = {}
TOKENS: dict[str, str] = {}
LISTINGS: dict[str, dict] = {}
ORDERS: dict[str, dict] = {}
ADDRESSES: dict[str, dict] = {}
REPLAYS: dict[tuple[str, str], dict] = {}
FAILED = Counter(8)
BASE = "/api/v1"


def new_id() -> str:
    return secrets.token_hex(12)


def hashed(password: str, salt: str) -> str:
    return "$2b$10$" + hashlib.sha256((salt + password).encode()).hexdigest()[:53]


def deny(status: int, code: str, text: str) -> HTTPException:
    return HTTPException(status, detail={"code": code, "message": text})


def caller(request: Request) -> dict:
    user = USERS.get(TOKENS.get(request.headers.get("x-auth-token", ""), ""))
    if not user:
        raise deny(401, "noSession", "Please sign in.")
    return user


async def body(request: Request) -> dict:
    raw = await request.body()
    try:
        found = json.loads(raw or b"{}")
    except ValueError:
        if hole("stack-on-bad-json"):
            raise
        raise deny(400, "badJson", "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise deny(400, "badJson", "The body is not an object.")
    return found


def text(data: dict, name: str, most: int = 200) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > most or "\x00" in value:
        raise deny(422, "invalid", f"{name} is required.")
    return value


def public(user: dict) -> dict:
    shown = {name: user[name] for name in ("_id", "email", "fullName", "isAdmin")}
    return {**shown, "passwordHash": user["hash"]} if hole("profile-hash") else shown


async def register(request: Request) -> Response:
    data = await body(request)
    email, password = text(data, "email").lower(), text(data, "password")
    if any(user["email"] == email for user in USERS.values()):
        raise deny(409, "taken", "This address has an account.")
    user = {"_id": new_id(), "email": email, "fullName": text(data, "fullName"), "isAdmin": False}
    if hole("signup-admin"):
        user["isAdmin"] = bool(data.get("isAdmin"))
    user["hash"] = hashed(password, user["_id"])
    USERS[user["_id"]] = user
    return JSONResponse(public(user), 201)


async def login(request: Request) -> Response:
    data = await body(request)
    email, password = text(data, "email").lower(), text(data, "password")
    wait = 0.0 if hole("no-login-limit") else FAILED.full(email)
    if wait:
        return JSONResponse({"error": {"code": "slowDown"}}, 429, headers={"Retry-After": str(int(wait) + 1)})
    user = next((user for user in USERS.values() if user["email"] == email), None)
    if not user or user["hash"] != hashed(password, user["_id"]):
        FAILED.add(email)
        if hole("login-tells"):
            raise deny(401, "badLogin", "Wrong password." if user else "There is no such account.")
        raise deny(401, "badLogin", "Address or password is wrong.")
    token = secrets.token_hex(20)
    TOKENS[token] = user["_id"]
    return JSONResponse({"authToken": token, "userId": user["_id"]})


async def logout(request: Request) -> Response:
    caller(request)
    TOKENS.pop(request.headers["x-auth-token"])
    return Response(status_code=204)


async def me(request: Request) -> Response:
    user = caller(request)
    if request.method == "PATCH":
        data = await body(request)
        user["fullName"] = text(data, "fullName")
    return JSONResponse(public(user))


async def all_users(request: Request) -> Response:
    user = caller(request)
    if not user["isAdmin"] and not hole("admin-open"):
        raise deny(403, "forbidden", "Staff only.")
    return JSONResponse({"users": [public(user) for user in USERS.values()]})


async def listings(request: Request) -> Response:
    if request.method == "GET":
        query = request.query_params.get("q", "").lower()
        found = [listing for listing in LISTINGS.values() if query in listing["title"].lower()]
        return JSONResponse({"results": found[-50:], "total": len(found)})
    user, data = caller(request), await body(request)
    listing = {"_id": new_id(), "sellerId": user["_id"], "title": text(data, "title"), "unitPrice": price(data)}
    LISTINGS[listing["_id"]] = listing
    return JSONResponse(listing, 201)


def price(data: dict) -> float:
    value = data.get("unitPrice")
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e6:
        raise deny(422, "invalid", "unitPrice has to be above 0.")
    return value


async def listing(request: Request) -> Response:
    found = LISTINGS.get(request.path_params["id"])
    if not found:
        raise deny(404, "notFound", "Nothing here.")
    if request.method == "GET":
        return JSONResponse(found)
    if caller(request)["_id"] != found["sellerId"]:
        raise deny(403, "forbidden", "Not yours.")
    if request.method == "DELETE":
        del LISTINGS[found["_id"]]
        return Response(status_code=204)
    data = await body(request)
    found["title"] = text(data, "title")
    return JSONResponse(found)


async def orders(request: Request) -> Response:
    if request.method == "GET":
        if hole("orders-anonymous") and not request.headers.get("x-auth-token"):
            return JSONResponse({"orders": list(ORDERS.values())})
        whose = caller(request)["_id"]
        if hole("order-list-filter"):
            whose = request.query_params.get("userId", whose)
        return JSONResponse({"orders": [order for order in ORDERS.values() if order["userId"] == whose]})
    user, data = caller(request), await body(request)
    replay = (user["_id"], request.headers.get("idempotency-key", new_id()))
    if replay in REPLAYS and not hole("double-order"):
        return JSONResponse(REPLAYS[replay], 201)
    lines = data.get("items")
    if not isinstance(lines, list) or not lines or not all(isinstance(line, dict) for line in lines):
        raise deny(422, "invalid", "items is required.")
    total = 0.0
    for line in lines:
        quantity, item = line.get("quantity"), LISTINGS.get(str(line.get("listingId")))
        if not item or not isinstance(quantity, int) or quantity > 1000:
            raise deny(422, "invalid", "items are wrong.")
        if quantity < 1 and not hole("negative-quantity"):
            raise deny(422, "invalid", "quantity has to be 1 or more.")
        total += item["unitPrice"] * quantity
    order = {"_id": new_id(), "userId": user["_id"], "shipTo": text(data, "shipTo"), "totalAmount": round(total, 2)}
    order |= {"buyerEmail": user["email"], "status": "paid"}
    ORDERS[order["_id"]] = REPLAYS[replay] = order
    return JSONResponse(order, 201)


async def order(request: Request) -> Response:
    found = ORDERS.get(request.path_params["id"])
    if hole("order-read-anonymous") and found and "x-auth-token" not in request.headers:
        return JSONResponse(found)
    user = caller(request)
    if not found or (found["userId"] != user["_id"] and not hole("order-read-stranger")):
        raise deny(404, "notFound", "Nothing here.")
    return JSONResponse(found)


async def addresses(request: Request) -> Response:
    user = caller(request)
    if request.method == "GET":
        return JSONResponse([one for one in ADDRESSES.values() if one["userId"] == user["_id"]])
    data = await body(request)
    one = {"_id": new_id(), "userId": user["_id"], "streetLine": text(data, "streetLine"), "city": text(data, "city")}
    ADDRESSES[one["_id"]] = one
    return JSONResponse(one, 201)


async def address(request: Request) -> Response:
    user = caller(request)
    found = ADDRESSES.get(request.path_params["id"])
    opened = hole({"PUT": "address-update", "DELETE": "address-delete"}.get(request.method, ""))
    if not found or (found["userId"] != user["_id"] and not opened):
        raise deny(404, "notFound", "Nothing here.")
    if request.method == "DELETE":
        del ADDRESSES[found["_id"]]
        return JSONResponse({"deleted": True})
    if request.method == "PUT":
        found["streetLine"] = text(await body(request), "streetLine")
    return JSONResponse(found)


async def refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.detail, dict):
        return JSONResponse({"error": error.detail}, error.status_code)
    return PlainTextResponse(f"Cannot serve this: {error.detail}", error.status_code)


async def crashed(_request: Request, error: Exception) -> Response:
    if hole("stack-on-bad-json"):
        where = "".join(traceback.format_exception(error)).strip().splitlines()[-1]
        frames = (
            "\n    at parse (/srv/app/node_modules/body-parser/lib/types/json.js:92:19)\n    at /srv/app/server.js:41:7"
        )
        return PlainTextResponse(f"SyntaxError: {where}{frames}", 500)
    return PlainTextResponse("Internal error", 500)


ROUTES = [
    Route("/auth/register", register, methods=["POST"]),
    Route("/auth/login", login, methods=["POST"]),
    Route("/auth/logout", logout, methods=["POST"]),
    Route("/users/me", me, methods=["GET", "PATCH"]),
    Route("/admin/users", all_users),
    Route("/listings", listings, methods=["GET", "POST"]),
    Route("/listings/{id}", listing, methods=["GET", "PUT", "DELETE"]),
    Route("/orders", orders, methods=["GET", "POST"]),
    Route("/orders/{id}", order),
    Route("/addresses", addresses, methods=["GET", "POST"]),
    Route("/addresses/{id}", address, methods=["GET", "PUT", "DELETE"]),
]
STAFF = "staff@camel.test"
USERS["0" * 24] = {"_id": "0" * 24, "email": STAFF, "fullName": "Staff", "isAdmin": True}
USERS["0" * 24]["hash"] = hashed("Staff-pass-12345", "0" * 24)

if __name__ == "__main__":
    run_asgi(
        Starlette(
            routes=[Route(BASE + route.path, route.endpoint, methods=list(route.methods or ())) for route in ROUTES],
            exception_handlers={HTTPException: refused, 500: crashed},
        )
    )
