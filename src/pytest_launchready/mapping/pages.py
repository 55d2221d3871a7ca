"""What a web page says of itself in its head and in the names of its files."""

from __future__ import annotations

import re
from html.parser import HTMLParser


def meta_of(page: str, name: str) -> str | None:
    """The content of `<meta name="NAME" content="…">` (or `property=`), or None."""
    return _read(page).meta.get(name.lower())


def asset_hash(page: str, name: str) -> str | None:
    """The hash in the file name of a script or style sheet: "3f9a1c" of `/static/app.3f9a1c.js`, or None.

    Bundlers write it after a dot or a dash; at least six letters, digits, `_` or `-`, one of them a digit or a capital
    (Vite's are eight letters of base64, Webpack's twenty of hex).
    """
    shape = re.compile(rf"(?:^|/){re.escape(name)}[.-]([A-Za-z0-9_-]{{6,}})(?:\.[a-z]+)*\.(?:js|mjs|css)(?:[?#]|$)")
    found = (shape.search(file) for file in _read(page).files)
    hashes = (match[1] for match in found if match)
    return next((text for text in hashes if re.search(r"[0-9A-Z]", text)), None)


class _Head(HTMLParser):
    """Meta tags and files of a page; broken HTML is read as far as it goes."""

    def __init__(self) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.files: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        if tag == "meta":
            called = values.get("name") or values.get("property") or ""
            self.meta.setdefault(called.lower(), values.get("content", ""))
        elif tag in {"script", "link"}:
            self.files.append(values.get("src") or values.get("href") or "")


def _read(page: str) -> _Head:
    head = _Head()
    head.feed(page)
    return head
