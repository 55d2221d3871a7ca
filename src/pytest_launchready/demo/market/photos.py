"""Photos of listings."""

from __future__ import annotations

from pytest_launchready.demo.market.base import Market, Person, View, operation
from pytest_launchready.demo.market.listings import own_listing, photo_view
from pytest_launchready.demo.market.passwords import new_id
from pytest_launchready.demo.market.problems import Problem, not_found

LARGEST_PHOTO = 2 * 2**20
"""Bytes."""
MOST_PHOTOS = 8
SIGNATURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


@operation
async def add_photo(market: Market, person: Person, listing_id: int, content: bytes) -> View:
    """Puts a photo on a listing; by its seller or an admin. What it is, its first bytes say, not its name."""
    own_listing(market, person, listing_id)
    if len(content) > LARGEST_PHOTO:
        raise Problem(413, "photo_too_large", f"A photo may have {LARGEST_PHOTO} bytes at most.")
    content_type = _content_type(content)
    if market.store.number("SELECT count(*) FROM photos WHERE listing_id = ?", listing_id) >= MOST_PHOTOS:
        raise Problem(409, "too_many_photos", f"A listing may have {MOST_PHOTOS} photos at most.")
    photo_id = new_id("pic")
    market.store.insert(
        "photos",
        id=photo_id,
        listing_id=listing_id,
        content_type=content_type,
        content=content,
        created_at=market.clock(),
    )
    row = market.store.one("SELECT id, content_type FROM photos WHERE id = ?", photo_id)
    assert row is not None
    return photo_view(row)


@operation
async def delete_photo(market: Market, person: Person, listing_id: int, photo_id: str) -> None:
    """Takes a photo off a listing; by its seller or an admin."""
    own_listing(market, person, listing_id)
    if not market.store.change("DELETE FROM photos WHERE id = ? AND listing_id = ?", photo_id, listing_id):
        raise not_found("photo")


@operation
async def photo(market: Market, photo_id: str) -> tuple[str, bytes]:
    """A photo's type and content; anybody may see it."""
    row = market.store.one("SELECT content_type, content FROM photos WHERE id = ?", photo_id)
    if row is None:
        raise not_found("photo")
    return row["content_type"], row["content"]


def _content_type(content: bytes) -> str:
    for signature, content_type in SIGNATURES:
        if content.startswith(signature):
            return content_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise Problem(415, "not_a_photo", "A photo must be a PNG, JPEG or WebP picture.")
