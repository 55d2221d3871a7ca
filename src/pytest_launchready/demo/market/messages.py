"""Threads of messages between a buyer and the seller of a listing."""

from __future__ import annotations

from pytest_launchready.demo.market.base import Data, Market, Person, View, operation, when
from pytest_launchready.demo.market.fields import Fields, paged, paging
from pytest_launchready.demo.market.problems import Problem, forbidden, not_found
from pytest_launchready.demo.market.store import Row

WITH_THREAD = (
    "SELECT messages.*, listing_id, buyer_id, seller_id, users.name AS sender_name FROM messages"
    " JOIN threads ON threads.id = thread_id JOIN users ON users.id = sender_id"
)
MINE = "(threads.buyer_id = ? OR threads.seller_id = ?)"


@operation
async def send_message(market: Market, person: Person, listing_id: int, data: Data) -> View:
    """Writes to the seller of a listing; the first message opens the thread."""
    listing = market.store.one("SELECT id, seller_id FROM listings WHERE id = ?", listing_id)
    if listing is None:
        raise not_found("listing")
    if listing["seller_id"] == person.id:
        raise Problem(409, "own_listing", "This is your own listing: answer in the buyer's thread.")
    text = _text(data)
    with market.store.transaction():
        market.store.change(
            "INSERT INTO threads (listing_id, buyer_id, seller_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            listing_id,
            person.id,
            listing["seller_id"],
        )
        thread = market.store.number(
            "SELECT id FROM threads WHERE listing_id = ? AND buyer_id = ?", listing_id, person.id
        )
        return _add(market, person, thread, text)


@operation
async def reply(market: Market, person: Person, thread_id: int, data: Data) -> View:
    """Writes in a thread that this person takes part in."""
    _thread(market, person, thread_id)
    return _add(market, person, thread_id, _text(data))


@operation
async def list_threads(market: Market, person: Person) -> list[View]:
    """The threads that this person takes part in, the liveliest first."""
    rows = market.store.all(
        "SELECT threads.*, listings.title, max(messages.id) AS newest, count(messages.id) AS count FROM threads"  # noqa: S608
        f" JOIN listings ON listings.id = listing_id LEFT JOIN messages ON thread_id = threads.id WHERE {MINE}"
        " GROUP BY threads.id ORDER BY newest DESC",
        person.id,
        person.id,
    )
    return [_thread_view(row) for row in rows]


@operation
async def get_thread(market: Market, person: Person, thread_id: int) -> View:
    """One thread with its messages, oldest first."""
    row = _thread(market, person, thread_id)
    messages = market.store.all(f"{WITH_THREAD} WHERE thread_id = ? ORDER BY messages.id", thread_id)
    return {**_thread_view(row), "messages": [view(message) for message in messages]}


@operation
async def list_messages(market: Market, person: Person, data: Data) -> View:
    """A page of all messages of this person's threads, newest first; of one listing where `listing_id` is given."""
    page, per_page = paging(data)
    fields = Fields(data)
    where, values = MINE, list[object]((person.id, person.id))
    if "listing_id" in fields:
        where, values = f"{MINE} AND listing_id = ?", [*values, fields.integer("listing_id")]
    fields.done()
    total = market.store.number(
        f"SELECT count(*) FROM messages JOIN threads ON threads.id = thread_id WHERE {where}",  # noqa: S608 (our own text)
        *values,
    )
    rows = market.store.all(
        f"{WITH_THREAD} WHERE {where} ORDER BY messages.id DESC LIMIT ? OFFSET ?",
        *values,
        per_page,
        (page - 1) * per_page,
    )
    return paged([view(row) for row in rows], page, per_page, total)


@operation
async def get_message(market: Market, person: Person, message_id: int) -> View:
    """One message of this person's threads."""
    return view(_message(market, person, message_id))


@operation
async def update_message(market: Market, person: Person, message_id: int, data: Data) -> View:
    """Changes the text; by its sender."""
    _sent_by(_message(market, person, message_id), person)
    market.store.update("messages", message_id, {"text": _text(data)})
    return view(_message(market, person, message_id))


@operation
async def delete_message(market: Market, person: Person, message_id: int) -> None:
    """Takes a message back; by its sender. A thread without messages goes with its last one."""
    row = _message(market, person, message_id)
    _sent_by(row, person)
    with market.store.transaction():
        market.store.change("DELETE FROM messages WHERE id = ?", message_id)
        market.store.change(
            "DELETE FROM threads WHERE id = ? AND NOT EXISTS (SELECT 1 FROM messages WHERE thread_id = threads.id)",
            row["thread_id"],
        )


def view(row: Row) -> View:
    """A message as the people of its thread see it."""
    return {
        "id": row["id"],
        "thread_id": row["thread_id"],
        "listing_id": row["listing_id"],
        "sender": {"id": row["sender_id"], "name": row["sender_name"]},
        "text": row["text"],
        "created_at": when(row["created_at"]),
    }


def _thread_view(row: Row) -> View:
    return {
        "id": row["id"],
        "listing": {"id": row["listing_id"], "title": row["title"]},
        "buyer_id": row["buyer_id"],
        "seller_id": row["seller_id"],
        "count": row["count"],
    }


def _text(data: Data) -> str:
    fields = Fields(data)
    text = fields.text("text", most=2000)
    fields.done()
    return text


def _add(market: Market, person: Person, thread_id: int, text: str) -> View:
    message_id = market.store.insert(
        "messages", thread_id=thread_id, sender_id=person.id, text=text, created_at=market.clock()
    )
    return view(_message(market, person, message_id))


def _thread(market: Market, person: Person, thread_id: int) -> Row:
    row = market.store.one(
        "SELECT threads.*, listings.title, (SELECT count(*) FROM messages WHERE thread_id = threads.id) AS count"  # noqa: S608
        f" FROM threads JOIN listings ON listings.id = listing_id WHERE threads.id = ? AND {MINE}",
        thread_id,
        person.id,
        person.id,
    )
    if row is None:
        raise not_found("thread")
    return row


def _message(market: Market, person: Person, message_id: int) -> Row:
    row = market.store.one(f"{WITH_THREAD} WHERE messages.id = ? AND {MINE}", message_id, person.id, person.id)
    if row is None:
        raise not_found("message")
    return row


def _sent_by(row: Row, person: Person) -> None:
    if row["sender_id"] != person.id:
        raise forbidden("Only its sender may change a message.")
