"""A GraphQL shop with Relay ids (base64 of `Kind:number`), a `node` field, and codes in `errors[].extensions`."""

from __future__ import annotations

import base64
import itertools
import json
import secrets
from typing import Any

from graphql import (
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    build_schema,
    execute,
    parse,
    specified_rules,
    validate,
)
from graphql.language import FieldNode, Node
from kit import App, Ask, Counter, Reply, hole, run

SCHEMA = build_schema("""
interface Node { id: ID! }
type User implements Node {
  id: ID! email: String displayName: String! isStaff: Boolean! passwordDigest: String
  products(first: Int = 5): [Product!]!
}
type Product implements Node { id: ID! title: String! price: Float! seller: User! }
type Order implements Node { id: ID! number: String! total: Float! note: String deliverTo: String! buyer: User! }
type Address implements Node { id: ID! street: String! city: String! }
type Message implements Node { id: ID! body: String! }
type ProductEdge { node: Product! }
type ProductConnection { edges: [ProductEdge!]! totalCount: Int! }
type OrderEdge { node: Order! }
type OrderConnection { edges: [OrderEdge!]! }
type Session { token: String! user: User! }
type Query {
  node(id: ID!): Node
  viewer: User
  products(query: String, first: Int = 20): ProductConnection!
  orders(userId: ID, first: Int = 20): OrderConnection!
  messages: [Message!]!
  allUsers: [User!]!
}
input AddressInput { street: String! city: String! }
input OrderLine { productId: ID! quantity: Int! }
type Mutation {
  signUp(email: String!, password: String!, displayName: String!): User!
  logIn(email: String!, password: String!): Session!
  logOut: Boolean!
  requestReset(email: String!): Boolean!
  createProduct(title: String!, price: Float!): Product!
  updateProduct(id: ID!, title: String!): Product!
  deleteProduct(id: ID!): Boolean!
  placeOrder(lines: [OrderLine!]!, deliverTo: String!): Order!
  updateOrder(id: ID!, note: String!): Order!
  createAddress(input: AddressInput!): Address!
  updateAddress(id: ID!, input: AddressInput!): Address!
  deleteAddress(id: ID!): Boolean!
  sendMessage(productId: ID!, body: String!): Message!
}
""")
SCHEMA.type_map["Node"].resolve_type = lambda value, *_: value["kind"]

OBJECTS: dict[str, dict] = {}
TOKENS: dict[str, str] = {}
NUMBERS = itertools.count(11)
FAILED = Counter(6)
RESETS = Counter(6)
DEPTH = 8
SAME_FIELD = 5


def made(kind: str, **values: Any) -> dict:
    key = base64.b64encode(f"{kind}:{next(NUMBERS)}".encode()).decode()
    OBJECTS[key] = {"id": key, "kind": kind, **values}
    return OBJECTS[key]


def problem(code: str, text: str) -> GraphQLError:
    return GraphQLError(text, extensions={"code": code})


def find(key: str, kind: str) -> dict:
    if key not in OBJECTS or OBJECTS[key]["kind"] != kind:
        raise problem("NOT_FOUND", "Could not resolve to a node with this global id.")
    return OBJECTS[key]


class Root:
    """All fields of Query and Mutation; `user` is who asks."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.maybe = OBJECTS.get(TOKENS.get(ask.bearer, ""))

    @property
    def user(self) -> dict:
        if not self.maybe:
            raise problem("UNAUTHENTICATED", "You have to be logged in.")
        return self.maybe

    def own(self, key: str, kind: str, opened: bool = False) -> dict:
        user, found = self.user, find(key, kind)
        if found["owner"] is not user and not opened:
            raise problem("FORBIDDEN", "You may not do this.")
        return found

    def node(self, info: Any, id: str) -> dict | None:  # noqa: A002 - the schema's name
        found = OBJECTS.get(id)
        if not found or found["kind"] == "Product":
            return found
        if found["kind"] == "Order" and hole("node-order-anonymous") and not self.maybe:
            return found
        if found["kind"] == "User":
            return found if found is self.user else None
        opened = hole("node-order") if found["kind"] == "Order" else hole("node-message") and found["kind"] == "Message"
        parties = (found["owner"], found.get("to"))
        return found if self.user in parties or opened else None

    def viewer(self, info: Any) -> dict | None:
        return self.maybe

    def products(self, info: Any, query: str = "", first: int = 20) -> dict:
        if not 0 < first <= 100 and not hole("unbounded-page"):
            raise problem("BAD_USER_INPUT", "first has to be 1 to 100.")
        found = [one for one in OBJECTS.values() if one["kind"] == "Product" and query.lower() in one["title"].lower()]
        return {"edges": [{"node": one} for one in found[:first]], "totalCount": len(found)}

    def orders(self, info: Any, userId: str | None = None, first: int = 20) -> dict:  # noqa: N803 - the schema's name
        whose = self.user
        if userId and userId != whose["id"]:
            if not hole("orders-of-others"):
                raise problem("FORBIDDEN", "You may not do this.")
            whose = find(userId, "User")
        found = [one for one in OBJECTS.values() if one["kind"] == "Order" and one["owner"] is whose]
        return {"edges": [{"node": one} for one in found[: max(0, min(first, 50))]]}

    def messages(self, info: Any) -> list[dict]:
        return [one for one in OBJECTS.values() if one["kind"] == "Message" and self.user in (one["owner"], one["to"])]

    def allUsers(self, info: Any) -> list[dict]:  # noqa: N802 - the schema's name
        if not self.user["isStaff"] and not hole("all-users"):
            raise problem("FORBIDDEN", "You may not do this.")
        return [one for one in OBJECTS.values() if one["kind"] == "User"]

    def signUp(self, info: Any, email: str, password: str, displayName: str) -> dict:  # noqa: N802, N803
        if any(one["kind"] == "User" and one["address"] == email.lower() for one in OBJECTS.values()):
            raise problem("BAD_USER_INPUT", "This address has an account.")
        return made("User", address=email.lower(), password=password, displayName=displayName, isStaff=False)

    def logIn(self, info: Any, email: str, password: str) -> dict:  # noqa: N802
        key = email if hole("email-case") else email.lower()
        wait = FAILED.full(key)
        if wait and not hole("no-login-limit"):
            raise problem("RATE_LIMITED", f"Too many tries. Try again in {int(wait) + 1} seconds.")
        users = (one for one in OBJECTS.values() if one["kind"] == "User" and one["address"] == email.lower())
        user = next(users, None)
        if not user or user["password"] != password:
            FAILED.add(key)
            raise problem("BAD_CREDENTIALS", "Address or password is wrong.")
        token = secrets.token_urlsafe(24)
        TOKENS[token] = user["id"]
        return {"token": token, "user": user}

    def logOut(self, info: Any) -> bool:  # noqa: N802
        _ = self.user
        if not hole("logout-keeps"):
            TOKENS.pop(self.ask.bearer)
        return True

    def requestReset(self, info: Any, email: str) -> bool:  # noqa: N802
        if RESETS.full(email.lower()):
            raise problem("RATE_LIMITED", "Too many tries.")
        RESETS.add(email.lower())
        known = any(one["kind"] == "User" and one["address"] == email.lower() for one in OBJECTS.values())
        return known or not hole("reset-tells")

    def createProduct(self, info: Any, title: str, price: float) -> dict:  # noqa: N802
        seller = self.user
        if price <= 0 or price > 1e6 or not 0 < len(title) <= 200:
            raise problem("BAD_USER_INPUT", "title or price is wrong.")
        return made("Product", title=title, price=price, seller=seller, owner=seller)

    def updateProduct(self, info: Any, id: str, title: str) -> dict:  # noqa: A002, N802
        found = self.own(id, "Product")
        if not 0 < len(title) <= 200:
            raise problem("BAD_USER_INPUT", "title is wrong.")
        found["title"] = title
        return found

    def deleteProduct(self, info: Any, id: str) -> bool:  # noqa: A002, N802
        return bool(OBJECTS.pop(self.own(id, "Product", hole("product-delete"))["id"]))

    def placeOrder(self, info: Any, lines: list[dict], deliverTo: str) -> dict:  # noqa: N802, N803
        user, total = self.user, 0.0
        for line in lines:
            if not 0 < line["quantity"] <= 1000:
                raise problem("BAD_USER_INPUT", "quantity is wrong.")
            total += find(line["productId"], "Product")["price"] * line["quantity"]
        if not lines or not 0 < len(deliverTo) <= 300:
            raise problem("BAD_USER_INPUT", "Something is missing.")
        number = f"R-{next(NUMBERS)}"
        return made("Order", number=number, total=total, deliverTo=deliverTo, note=None, buyer=user, owner=user)

    def updateOrder(self, info: Any, id: str, note: str) -> dict:  # noqa: A002, N802
        found = self.own(id, "Order", hole("order-update"))
        found["note"] = note[:500]
        return found

    def createAddress(self, info: Any, input: dict) -> dict:  # noqa: A002, N802
        return made("Address", owner=self.user, **input)

    def updateAddress(self, info: Any, id: str, input: dict) -> dict:  # noqa: A002, N802
        found = self.own(id, "Address", hole("address-update"))
        found |= input
        return found

    def deleteAddress(self, info: Any, id: str) -> bool:  # noqa: A002, N802
        return bool(OBJECTS.pop(self.own(id, "Address")["id"]))

    def sendMessage(self, info: Any, productId: str, body: str) -> dict:  # noqa: N802, N803
        to = find(productId, "Product")["seller"]
        if not 0 < len(body) <= 2000:
            raise problem("BAD_USER_INPUT", "body is wrong.")
        return made("Message", body=body, to=to, owner=self.user)


def email_of(user: dict, info: Any) -> str | None:
    viewer = info.root_value.maybe
    return user["address"] if viewer and (viewer is user or viewer["isStaff"] or hole("seller-email")) else None


def digest_of(user: dict, info: Any) -> str | None:
    raise problem("FORBIDDEN", "You may not do this.")


def products_of(user: dict, info: Any, first: int = 5) -> list[dict]:
    return [one for one in OBJECTS.values() if one["kind"] == "Product" and one["seller"] is user][
        : max(0, min(first, 20))
    ]


SCHEMA.type_map["User"].fields["email"].resolve = email_of
SCHEMA.type_map["User"].fields["products"].resolve = products_of
SCHEMA.type_map["User"].fields["passwordDigest"].resolve = digest_of


def depth(node: Node, fragments: dict[str, Any], level: int = 0) -> int:
    if level > 40:
        return level
    inside = getattr(node, "selection_set", None)
    if type(node).__name__ == "FragmentSpreadNode":
        return depth(fragments[node.name.value], fragments, level)
    step = 1 if isinstance(node, FieldNode) else 0
    deeper = [depth(one, fragments, level + step) for one in inside.selections] if inside else []
    return max([level + step, *deeper])


def too_much(document: Any) -> str:
    fragments = {one.name.value: one for one in document.definitions if type(one).__name__ == "FragmentDefinitionNode"}
    for operation in document.definitions:
        if not hole("no-depth") and depth(operation, fragments) > DEPTH:
            return "The query is too deep."
        names = [one.name.value for one in operation.selection_set.selections if isinstance(one, FieldNode)]
        if not hole("alias-batch") and any(names.count(name) > SAME_FIELD for name in names):
            return "The query asks for one field too often."
    return ""


app = App()
app.unreadable = lambda ask: (400, {"errors": [{"message": "The body is not JSON."}]})


@app.on("POST /graphql")
def graphql(ask: Ask) -> Reply:
    body = ask.json
    if isinstance(body, list) or not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return 400, {"errors": [{"message": "One operation, please."}]}
    try:
        document = parse(body["query"], max_tokens=2000)
    except GraphQLError as error:
        return 400, {"errors": [error.formatted]}
    rules = [*specified_rules, *([] if hole("introspection") else [NoSchemaIntrospectionCustomRule])]
    errors = validate(SCHEMA, document, rules)
    if not errors and (text := too_much(document)):
        errors = [problem("QUERY_TOO_COMPLEX", text)]
    if errors:
        return 400, {"errors": [{**error.formatted} for error in errors[:3]]}
    variables = body.get("variables") or {}
    done = execute(SCHEMA, document, Root(ask), variable_values=variables, operation_name=body.get("operationName"))
    answer: dict = {"data": done.data}
    if done.errors:
        answer["errors"] = [told(error) for error in done.errors]
    return json.loads(json.dumps(answer))


def told(error: GraphQLError) -> dict:
    shown = dict(error.formatted)
    shown.setdefault("extensions", {"code": "BAD_USER_INPUT" if not error.original_error else "INTERNAL_SERVER_ERROR"})
    if hole("traces"):
        at = ["GraphQLError: " + error.message, "    at resolve (/app/node_modules/graphql/execution/execute.js:503:9)"]
        shown["extensions"] = {**shown["extensions"], "exception": {"stacktrace": at}}
    return shown


@app.on("GET /graphql")
def by_get(_ask: Ask) -> Reply:
    return 405, b"POST only", {"Allow": "POST"}


made("User", address="staff@relay.test", password="Staff-pass-12345", displayName="Staff", isStaff=True)
STAFF = next(iter(OBJECTS.values()))
for part in range(700 if hole("unbounded-page") else 0):
    made("Product", title=f"part {part}", price=1.0, seller=STAFF, owner=STAFF)

if __name__ == "__main__":
    run(app)
