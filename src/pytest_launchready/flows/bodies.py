"""A rendered body as the arguments of an HTTP client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pytest_launchready.mapping.records import BodyKind

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
        return {"files": [(name, _part(part)) for name, part in {**extra_form, **value}.items()]}
    return {"content": value if isinstance(value, bytes) else str(value).encode()}


def plain(value: Any) -> Any:
    """A value as a form or a query string carries it: text, or a list of texts."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _part(value: Any) -> tuple[str | None, Any] | tuple[str, bytes, str]:
    if not isinstance(value, bytes):
        return None, plain(value)
    return (
        ("picture.png", value, "image/png")
        if value.startswith(b"\x89PNG")
        else ("file.bin", value, "application/octet-stream")
    )
