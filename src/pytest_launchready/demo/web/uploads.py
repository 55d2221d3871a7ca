"""Photos that arrive as multipart forms."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from pytest_launchready.demo.market import photos
from pytest_launchready.demo.market.base import Person
from pytest_launchready.demo.market.problems import Problem, invalid
from pytest_launchready.demo.web.http import read
from pytest_launchready.demo.web.rows import Visit

FORM_BYTES = 64 * 1024
"""What a form may have around its photo."""


async def add_photo(visit: Visit, person: Person) -> object:
    """The photo in the form field `photo`, put on the listing of the path."""
    request = visit.request
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem(415, "not_a_form", "Send multipart/form-data with the photo in the field photo.")
    content = await read(request, photos.LARGEST_PHOTO + FORM_BYTES)
    parser = MultiPartParser(request.headers, _once(content), max_files=1, max_fields=10)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise Problem(400, "bad_form", "The form could not be read.") from error
    sent = form.get("photo")
    if not isinstance(sent, UploadFile):
        raise invalid("photo", "is required, as a file")
    picture = await sent.read()
    await form.close()
    return await photos.add_photo(visit.market, person, visit.number(), picture)


async def _once(content: bytes) -> AsyncGenerator[bytes, None]:
    yield content
    yield b""
