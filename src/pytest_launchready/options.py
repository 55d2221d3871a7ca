"""The settings table as flags, ini keys and environment names of pytest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from pytest_launchready.core.settings import SETTINGS, Settings, resolve

if TYPE_CHECKING:
    from collections.abc import Callable


def add_options(parser: pytest.Parser) -> None:
    """Declares every setting as a flag and as an ini key."""
    group = parser.getgroup("launchready", "launchready: smoke and contract tests of a deployed marketplace")
    for setting in SETTINGS:
        text = f"{setting.help} (environment {setting.environment}, ini {setting.key})"
        if setting.ini_only:
            text = setting.help
        else:
            how: dict[str, Any] = {"metavar": setting.metavar}
            if setting.type == "switch":
                how = {"action": "store_const", "const": "true"}
            elif setting.alone is not None:
                how |= {"nargs": "?", "const": setting.alone}
            group.addoption(setting.flag, dest=setting.key, default=None, help=text, **how)
        parser.addini(setting.key, text, default=None)


def read_settings(config: pytest.Config) -> Settings:
    """The settings of this run; raises UsageError for a bad value, or where a target is missing."""
    try:
        settings = resolve(config.getoption, os.environ, _ini(config))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    if settings.get("target") is None:
        _refuse_without_target(settings)
    return settings


def _ini(config: pytest.Config) -> Callable[[str], Any]:
    def read(key: str) -> Any:
        value = config.getini(key)
        return None if value is None else str(value)

    return read


def _refuse_without_target(settings: Settings) -> None:
    """A forgotten target must not be green."""
    stray = [value for value in settings.given() if value.source == "flag" and value.setting.needs_target]
    if stray:
        flags = ", ".join(value.setting.flag for value in stray)
        raise pytest.UsageError(f"{flags} needs a target: add --launchready-target=NAME (demo is always there)")
    if settings.get("required"):
        raise pytest.UsageError(
            "launchready_required is true and no target was given: add --launchready-target=NAME, "
            "or set LAUNCHREADY_TARGET"
        )
