"""Tracebacks that show the reader's own lines."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from types import TracebackType
from typing import NoReturn

_OURS = str(Path(__file__).parents[1]) + "/"
_LIBRARY = sysconfig.get_path("stdlib") + "/"
_INSTALLED = ("/site-packages/", "/dist-packages/")


def raise_to_user(error: BaseException) -> NoReturn:
    """Raise what another thread has ended with; an error that explains itself arrives without our frames.

    An error that is a bug keeps all of its frames and causes.
    """
    __tracebackhide__ = True
    if getattr(error, "expected_by_user", False):
        error.__cause__ = None
        error.__context__ = None
        # Assigning a cause switches the context off; whoever calls may be handling an error of their own.
        error.__suppress_context__ = False
        keep_user_frames(error)
    raise error


def keep_user_frames(error: BaseException) -> None:
    """Take frames of this package, of the standard library and of installed packages out of an error's traceback.

    An error object that was raised here before loses all its frames: the old ones belong to another caller.
    """
    kept: list[TracebackType] = []
    entry = error.__traceback__
    while entry is not None:
        code = entry.tb_frame.f_code
        if code is raise_to_user.__code__:
            kept.clear()
            break
        if _is_users(code.co_filename):
            kept.append(entry)
        entry = entry.tb_next
    rebuilt: TracebackType | None = None
    for entry in reversed(kept):
        rebuilt = TracebackType(rebuilt, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    error.__traceback__ = rebuilt


def shows_user_frames(error: BaseException) -> bool:
    """Whether a line of the user's own stands in an error's traceback."""
    entry = error.__traceback__
    while entry is not None:
        if _is_users(entry.tb_frame.f_code.co_filename):
            return True
        entry = entry.tb_next
    return False


def _is_users(filename: str) -> bool:
    foreign = filename.startswith((_OURS, _LIBRARY, "<frozen ")) or any(part in filename for part in _INSTALLED)
    return not foreign
