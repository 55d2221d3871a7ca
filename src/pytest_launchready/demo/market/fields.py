"""Reading what people send: every field is checked, and all that is wrong is told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from pytest_launchready.demo.market.problems import Problem, invalid

EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters, and halves of surrogate pairs, which no file can hold."""
LARGEST_PRICE = Decimal(1_000_000)
LARGEST_ID = 2**63 - 1
"""SQLite's largest integer; a larger one cannot name a row and would be an error of the database."""
PAGE_SIZE, LARGEST_PAGE_SIZE = 20, 100


class Fields:
    """A JSON object that is being read; `done()` raises one Problem with every field at fault."""

    def __init__(self, data: Mapping[str, object]) -> None:
        self._data = data
        self._wrong: list[tuple[str, str]] = []

    def __contains__(self, name: str) -> bool:
        return self._data.get(name) is not None

    def text(self, name: str, *, least: int = 1, most: int = 200, default: str | None = None) -> str:
        """Text without surrounding blanks; lengths in characters."""
        value = self._data.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            return self._fault(name, "is required" if value is None else "must be text")
        value = value.strip()
        if not least <= len(value) <= most:
            return self._fault(name, f"must have {least} to {most} characters")
        if UNPRINTABLE.search(value):
            return self._fault(name, "must not contain control characters")
        return value

    def password(self, name: str) -> str:
        """A new password, untouched."""
        value = self._data.get(name)
        if not isinstance(value, str) or not 8 <= len(value) <= 200:
            return self._fault(name, "must be text of 8 to 200 characters")
        return value

    def secret(self, name: str) -> str:
        """A password or code that is only compared; the empty text where it is missing."""
        value = self._data.get(name)
        return value[:500] if isinstance(value, str) else self._fault(name, "is required and must be text")

    def email(self, name: str) -> str:
        """An address in lower case."""
        value = self.text(name, most=254).lower()
        if value and not EMAIL.fullmatch(value):
            return self._fault(name, "must be an e-mail address")
        return value

    def money(self, name: str) -> int:
        """An amount in cents, from a JSON number or a text such as "25.00"."""
        amount = _amount(self._data.get(name))
        if amount is None:
            self._fault(name, 'must be an amount with at most two decimals, such as "25.00"')
            return 0
        if not 0 < amount <= LARGEST_PRICE:
            self._fault(name, f"must be more than 0 and at most {LARGEST_PRICE}")
            return 0
        return int(amount * 100)

    def integer(self, name: str, *, least: int = 1, most: int = LARGEST_ID, default: int | None = None) -> int:
        """A whole number."""
        value = self._data.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):  # ids and query strings arrive as text
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self._fault(name, f"must be a whole number from {least} to {most}")
            return 0
        return value

    def integers(self, name: str) -> list[int] | None:
        """A list of ids, or None where there is none."""
        value = self._data.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not 1 <= len(value) <= 100:
            self._fault(name, "must be a list of 1 to 100 ids")
            return None
        return [Fields({name: item}).one_integer(name) for item in value]

    def one_integer(self, name: str) -> int:
        """A whole number, checked at once."""
        number = self.integer(name)
        self.done()
        return number

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        value = self._data.get(name, default)
        if value not in allowed:
            return self._fault(name, f"must be one of {', '.join(allowed)}")
        return str(value)

    def done(self) -> None:
        """Raises Problem 422 if anything was wrong."""
        if len(self._wrong) == 1:
            raise invalid(*self._wrong[0])
        if self._wrong:
            detail = "; ".join(f"{name}: {message}" for name, message in self._wrong)
            raise Problem(422, "invalid", detail, fields=tuple(self._wrong))

    def _fault(self, name: str, message: str) -> str:
        self._wrong.append((name, message))
        return ""


def _amount(value: object) -> Decimal | None:
    """A finite number of at most two decimals, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value))
        return amount if amount.is_finite() and amount == amount.quantize(Decimal("0.01")) else None
    except InvalidOperation:
        return None


def paging(data: Mapping[str, object]) -> tuple[int, int]:
    """The page, from 1, and how many items it holds."""
    fields = Fields(data)
    page = fields.integer("page", most=1_000_000, default=1)
    per_page = fields.integer("per_page", most=LARGEST_PAGE_SIZE, default=PAGE_SIZE)
    fields.done()
    return page, per_page


def paged(items: list[dict[str, object]], page: int, per_page: int, total: int) -> dict[str, object]:
    """One page of a list, as every dialect shows it."""
    return {
        "items": items,
        "page": page,
        "per_page": per_page,
        "total": total,
        "next_page": page + 1 if page * per_page < total else None,
    }
