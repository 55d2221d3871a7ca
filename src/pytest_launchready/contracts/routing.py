"""From a request's method and path to the operation that describes it, without a search through all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_launchready.contracts.operations import NAMES, Document, Operation

Route = tuple[re.Pattern[str], int, Operation]


class Routes:
    """The operations of a document, by method and number of path parts; the most literal ones first."""

    def __init__(self, document: Document) -> None:
        found: dict[tuple[str, int], list[Route]] = {}
        for operation in document.operations:
            for prefix in {*operation.prefixes, ""}:
                path = (prefix + operation.path).rstrip("/")
                route = (re.compile(_pattern(path)), len(NAMES.findall(path)), operation)
                found.setdefault((operation.method, path.count("/")), []).append(route)
        self._routes: Mapping[tuple[str, int], list[Route]] = {
            key: sorted(routes, key=lambda route: route[1]) for key, routes in found.items()
        }

    def find(self, method: str, path: str) -> Operation | None:
        """The operation of a path, with or without a server's prefix; a final slash makes no difference."""
        plain = path.rstrip("/")
        for pattern, _, operation in self._routes.get((method, plain.count("/")), ()):
            if pattern.fullmatch(plain):
                return operation
        return None


def _pattern(path: str) -> str:
    """A template as a pattern; names stand at the odd places of what `split` gives."""
    return "".join("[^/]+" if place % 2 else re.escape(text) for place, text in enumerate(NAMES.split(path)))
