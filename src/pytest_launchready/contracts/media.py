"""Media types: what a document promises, against what an answer says."""

from __future__ import annotations

from collections.abc import Iterable


def bare(written: str) -> str:
    """Type and subtype in lower case, without parameters."""
    return written.partition(";")[0].strip().lower()


def is_json(written: str) -> bool:
    """Whether it is JSON, or a format over it."""
    kind = bare(written)
    return kind in {"application/json", "text/json"} or kind.endswith("+json")


def chosen(promised: Iterable[str], said: str) -> str | None:
    """The promised media type that an answer's own falls under, the closest one; None where there is none."""
    known = list(promised)
    exact = "".join(said.lower().split())
    same = next((one for one in known if "".join(one.lower().split()) == exact), None)
    if same is not None:
        return same
    kind = bare(said)
    ways = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    return next((one for way in ways for one in known if bare(one) == way), None)
