"""Whether an answer is a refusal, by itself or by what it is like: refusals come in every status and every form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.mapping.records import Auth, Request
from pytest_launchready.probes.access.texts import Path, is_empty, leaves, settled

_NO: Final = frozenset({"error", "errors", "err", "fault", "exception", "detail", "error_description", "errormessage"})
_YES: Final = frozenset({"success", "succeeded", "ok", "status", "result", "authorized", "allowed"})
_WORDS: Final = re.compile(
    r"error|fail|denied|forbidden|unauthori[sz]ed|not.?found|invalid|refused|fehler|erreur|err|ko", re.IGNORECASE
)
_LOGIN: Final = re.compile(
    r"log-?_?in|sign-?_?in|/auth|sso|session|anmeld|einlog|connexion|acceso|entrar|inloggen|accedi", re.IGNORECASE
)
_PASSWORD: Final = re.compile(r"<input\b[^>]*\btype\s*=\s*[\"']?password", re.IGNORECASE)


IN_WORDS: Final = "with an error in it"
"""How `refusal` ends where only a field of the JSON refuses: an object may have a field of that name too."""


def only_in_words(refused: str) -> bool:
    """Whether what `refusal` gave rests on nothing but a field's name."""
    return refused.endswith(IN_WORDS)


def refusal(answer: Answer, request: Request, auth: Auth) -> str | None:  # noqa: PLR0911 - a table of refusals
    """What refuses, in words, where an answer is a refusal whatever it is compared with; None where it is none."""
    document = answer.json
    if answer.status >= 400:
        return answer.reason
    if 300 <= answer.status < 400:
        return f"{answer.reason} to a log-in" if _LOGIN.search(answer.header("location") or "") else None
    if auth.refused is not None and auth.refused.find(answer, {}):
        return f"{answer.reason}, and auth.refused says no"
    graphql = request.body is not None and request.body.kind == "graphql"
    if graphql and isinstance(document, dict) and (document.get("errors") or is_empty(document.get("data"))):
        return f"{answer.reason} with {'errors' if document.get('errors') else 'null'}"
    if answer.status == 204 or not answer.text.strip() or (answer.flaw is None and is_empty(document)):
        return f"{answer.reason}, empty"
    if _says_no(document):
        return f"{answer.reason} {IN_WORDS}"
    if document is None and _PASSWORD.search(answer.text):
        return f"{answer.reason} with a form to log in"
    return None


def alike(one: Answer, other: Answer, asked: Iterable[str] = ()) -> bool:
    """Whether two answers say the same, less ids that were asked for, times and numbers."""
    return (
        one.status == other.status
        and settled(one, asked) == settled(other, asked)
        and _away(one, asked) == _away(other, asked)
    )


def same_form(one: Answer, other: Answer) -> bool:
    """Whether two answers have the same status and the same names in their JSON."""
    if one.status != other.status or one.json is None or other.json is None:
        return False
    return {_form(path, value) for path, value in leaves(one.json)} == {
        _form(path, value) for path, value in leaves(other.json)
    }


def shared(one: Answer, other: Answer, besides: Iterable[Answer | None], asked: Iterable[str] = ()) -> list[str]:
    """What two answers both say at the same place, and none of the others; not what was asked for, nor yes and no."""
    known = {(path, str(value)) for answer in besides if answer is not None for path, value in leaves(answer.json)}
    mine = {(path, str(value)) for path, value in leaves(one.json) if _says_something(value)}
    theirs = {(path, str(value)) for path, value in leaves(other.json)}
    ids = set(asked)
    return sorted(value for path, value in (mine & theirs) - known if value not in ids)


def wants_login(answer: Answer | None, auth: Auth) -> bool:
    """Whether an answer says that there is no session (any more)."""
    if answer is None:
        return False
    if auth.expired is not None and auth.expired.find(answer, {}):
        return True
    return (
        answer.status in {401, 419, 440}
        or (300 <= answer.status < 400 and bool(_LOGIN.search(answer.header("location") or "")))
        or (answer.status == 200 and answer.json is None and bool(_PASSWORD.search(answer.text)))
    )


def _away(answer: Answer, asked: Iterable[str]) -> str:
    location = answer.header("location") or ""
    return settled(Answer(answer.status, (), location), asked) if 300 <= answer.status < 400 else ""


def _says_no(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    for name, value in document.items():
        key = re.sub(r"[^a-z]", "", str(name).casefold())
        if key in {re.sub("[^a-z]", "", one) for one in _NO} and value not in (None, "", [], {}, False, 0):
            return True
        if key in _YES and (value is False or (isinstance(value, str) and _WORDS.fullmatch(value.strip()))):
            return True
        if key in {"code", "statuscode"} and isinstance(value, int) and 400 <= value < 600:
            return True
    return False


def _form(path: Path, value: Any) -> tuple[Any, ...]:
    kind = "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    return (*("*" if isinstance(part, int) else part for part in path), kind)


def _says_something(value: Any) -> bool:
    return not (value is None or isinstance(value, bool) or value in ("", 0))
