"""What the marketplace refuses, as data: each dialect writes it in its own way (RFC 9457 in REST)."""

from __future__ import annotations

TITLES = {
    400: "Bad request",
    401: "Log in first",
    402: "Payment refused",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    422: "Check your input",
    429: "Too many tries",
    500: "Internal server error",
    503: "Not ready",
}


class Problem(Exception):  # noqa: N818 (the word of RFC 9457)
    """A refusal: an HTTP status, a stable code, a sentence for people, and the fields at fault."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        fields: tuple[tuple[str, str], ...] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """The headers that an HTTP answer to this must carry."""
        if self.retry_after is not None:
            return {"Retry-After": str(self.retry_after)}
        return {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}

    def body(self) -> dict[str, object]:
        """The problem as JSON, in the form of RFC 9457."""
        body: dict[str, object] = {
            "type": "about:blank",
            "title": TITLES.get(self.status, "Refused"),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.fields:
            body["errors"] = [{"field": field, "message": message} for field, message in self.fields]
        return body


def unauthenticated() -> Problem:
    """Nobody is logged in, or the session has ended."""
    return Problem(401, "unauthenticated", "Log in to do this. A session may have expired.")


def not_found(kind: str) -> Problem:
    """There is no such object, or it is somebody else's: the answer must not tell which."""
    return Problem(404, "not_found", f"There is no such {kind}.")


def forbidden(detail: str) -> Problem:
    """The object is there for everybody to see, but this person may not change it."""
    return Problem(403, "forbidden", detail)


def invalid(field: str, message: str) -> Problem:
    """One field is wrong."""
    return Problem(422, "invalid", f"{field}: {message}", fields=((field, message),))
