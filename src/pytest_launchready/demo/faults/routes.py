"""Defects of routes: open to visitors, or to accounts that are not the admin's; what one GraphQL request may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_launchready.demo.faults.defect import Defect
from pytest_launchready.demo.market import admin
from pytest_launchready.demo.market.base import Data, Market, Operation, Person


async def _everybodys_orders(proceed: Operation, market: Market, person: Person, data: Data) -> Any:
    """Nobody at all is shown what the admin is; the web lets nobody in (`sessions.whoever`)."""
    if person.id:
        return await proceed(market, person, data)
    return await admin.list_all_orders(market, replace(person, role="admin"), data)


async def _everybodys_sales(proceed: Operation, market: Market, person: Person) -> Any:
    """Nobody at all passes for whoever sold last."""
    row = market.store.one("SELECT seller_id FROM order_lines ORDER BY rowid DESC LIMIT 1")
    return await proceed(market, person if person.id or row is None else replace(person, id=row[0]))


async def _nobody_is_admin(proceed: Operation, market: Market, person: Person, *more: Any) -> Any:
    return await proceed(market, person if person.id else replace(person, role="admin"), *more)


async def _everybody_is_admin(proceed: Operation, market: Market, person: Person, *more: Any) -> Any:
    return await proceed(market, replace(person, role="admin"), *more)


DEFECTS = (
    Defect("orders-unguarded", "A visitor is shown a list of orders.", ("list_orders",), _everybodys_orders),
    Defect(
        "sales-unguarded",
        "A visitor is shown what was sold and where it is sent; no step of the map asks for that.",
        ("list_sales",),
        _everybodys_sales,
    ),
    Defect(
        "admin-orders-unguarded",
        "A visitor is shown the admin's list of orders.",
        ("list_all_orders",),
        _nobody_is_admin,
    ),
    Defect("admin-users-open", "Any account is shown the admin's list of users.", ("list_users",), _everybody_is_admin),
    Defect("admin-delete-open", "Any account may delete any other.", ("delete_user",), _everybody_is_admin),
    Defect("graphql-batching", "A GraphQL request may hold as many aliases and documents as it likes."),
    Defect("graphql-depth", "A GraphQL document may be as deep as it likes."),
    Defect("graphql-stack-traces", "GraphQL answers a broken document with a stack trace."),
)
