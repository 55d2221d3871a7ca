"""The embedded marketplace as a target: started once per run, also under xdist, and stopped at its end."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_launchready.demo.server import Demo

TARGETS = ("demo", "demo-cookie", "demo-graphql")


class Host:
    """The demo server of this run: started here at first use, or elsewhere (by the controller)."""

    def __init__(self, defects: tuple[str, ...], password: str, url: str | None = None) -> None:
        self._defects = defects
        self._password = password
        self._url = url
        self._server: Demo | None = None

    def environment(self) -> dict[str, str]:
        """What the built-in maps read with `env:`."""
        from pytest_launchready.demo.server import ADMIN_EMAIL

        return {"LAUNCHREADY_DEMO_ADMIN_EMAIL": ADMIN_EMAIL, "LAUNCHREADY_DEMO_ADMIN_PASSWORD": self._password}

    def url(self) -> str:
        """The server's address; starts it if nobody has."""
        if self._url is None:
            from pytest_launchready.demo.server import start

            self._server = start(defects=self._defects, admin_password=self._password)
            self._url = self._server.url
        return self._url

    def tell(self) -> dict[str, str]:
        """What a worker must know to use this server."""
        return {"demo_url": self.url(), "demo_password": self._password}

    def stop(self) -> None:
        """Stops the server if it was started here."""
        if self._server is not None:
            self._server.stop()


def host(target: str, defects: tuple[str, ...], told: Mapping[str, Any]) -> Host:
    """The demo for this run; raises UsageError for an unknown defect, or where the demo cannot run."""
    from pytest_launchready.demo.defects import chosen
    from pytest_launchready.demo.server import require

    try:
        chosen(defects)
        require()
    except (ValueError, RuntimeError) as error:
        raise pytest.UsageError(f"target {target}: {error}") from None
    return Host(defects, told.get("demo_password") or secrets.token_urlsafe(18), told.get("demo_url"))


def declares(path: Path, target: str) -> bool:
    """Whether a map says anything of a built-in target: then it is used instead of the built-in map."""
    import tomllib

    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return False
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return True  # the loader says what is wrong with it
    return target in tables.get("targets", {})


def built_in_map(target: str) -> Path:
    """The map of a built-in target."""
    import pytest_launchready.demo

    return Path(str(pytest_launchready.demo.__file__)).parent / "maps" / f"{target}.toml"
