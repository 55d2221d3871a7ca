"""A rendered body as the arguments of an HTTP client."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from pytest_launchready.mapping.records import BodyKind, Upload
from pytest_launchready.mapping.template import as_text

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000b4944415478da636000020000050001e9fadcd80000000049454e44ae426082"
)
"""A picture of one transparent pixel."""

_JSON = msgspec.json.Encoder(decimal_format="number")


def encode(kind: BodyKind, value: Any, extra_form: Mapping[str, str]) -> dict[str, Any]:
    """The arguments for `httpx` that send the value as a body of this kind; `extra_form` joins a form."""
    if kind in {"json", "graphql"}:
        return {"content": _JSON.encode(value), "headers": {"content-type": "application/json"}}
    if kind == "form":
        return {"data": {**extra_form, **{name: plain(part) for name, part in value.items()}}}
    if kind == "multipart":
        return {"files": [part for name, content in {**extra_form, **value}.items() for part in _parts(name, content)]}
    return {"content": value if isinstance(value, bytes) else str(value).encode()}


def plain(value: Any) -> Any:
    """A value as a form or a query string carries it: text, or a list of texts."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return "" if value is None else as_text(value)


def _parts(name: str, value: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _parts(name, item)
    elif isinstance(value, Upload):
        kind = mimetypes.guess_type(value.name)[0] or "application/octet-stream"
        yield name, (value.name, value.content, kind)
    elif isinstance(value, bytes):
        picture = value.startswith(b"\x89PNG")
        yield name, ("picture.png", value, "image/png") if picture else ("file.bin", value, "application/octet-stream")
    else:
        yield name, (None, plain(value))
