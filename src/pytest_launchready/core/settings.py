"""Every setting of a run: declared once, resolved purely.

Named tuples, because an idle plugin imports this module: a dataclass takes several times as long to make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

Type = Literal["text", "path", "switch", "number", "count", "names"]
Source = Literal["flag", "environment", "ini", "default"]


class Setting(NamedTuple):
    """One setting; its flag, environment name and ini key derive from its name."""

    name: str
    type: Type
    help: str
    default: Any = None
    metavar: str | None = None
    secret: bool = False
    needs_target: bool = True
    """Given as a flag without a target, it is a usage error."""
    ini_only: bool = False
    alone: str | None = None
    """What the flag means without a value, where it may stand alone."""

    @property
    def flag(self) -> str:
        """The command line's name."""
        return f"--launchready-{self.name}"

    @property
    def environment(self) -> str:
        """The variable's name."""
        return f"LAUNCHREADY_{self.name.replace('-', '_').upper()}"

    @property
    def key(self) -> str:
        """The ini key; also the attribute under which pytest keeps the flag."""
        return f"launchready_{self.name.replace('-', '_')}"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "target",
        "text",
        "environment to test: a [targets.NAME] of the map, or demo",
        metavar="NAME",
        needs_target=False,
    ),
    Setting("config", "path", "the map", default="launchready.toml", metavar="PATH"),
    Setting("seed", "number", "decides names, titles and prices of generated people and items", metavar="N"),
    Setting("read-only", "switch", "nothing may write on the target but log-in and log-out", default=False),
    Setting("max-requests", "count", "requests that the run may send, instead of the target's budget", metavar="N"),
    Setting("allow-inconclusive", "switch", "a test that could not be decided does not fail the run", default=False),
    Setting("ca-bundle", "path", "certificates (PEM) to trust instead of the system's", metavar="PATH"),
    Setting("client-cert", "path", "client certificate and key (one PEM file)", metavar="PATH"),
    Setting("expect-build", "text", "no test runs unless the target runs this build", metavar="ID"),
    Setting("wait", "number", "seconds to wait for the expected build", default=0, metavar="SECONDS"),
    Setting(
        "audit",
        "names",
        "adds the built-in checks to the run, all of them or those of some families",
        default=(),
        metavar="FAMILY,…",
        alone="all",
    ),
    Setting("checks", "names", "of the built-in checks, those whose ids match", default=(), metavar="GLOB,…"),
    Setting(
        "update-baseline",
        "switch",
        "the contract.drift checks learn the shape of answers and write launchready-contract.json",
        default=False,
    ),
    Setting(
        "network", "text", "a phone's network for every request, as slow-4g, or [networks.NAME]", metavar="PROFILE"
    ),
    Setting("json", "path", "writes what the run found as JSON", metavar="PATH"),
    Setting("demo-defects", "names", "faults to switch on in the demo marketplace", default=(), metavar="NAME,…"),
    Setting(
        "required",
        "switch",
        "a run without a target is a usage error",
        default=False,
        needs_target=False,
        ini_only=True,
    ),
)


class Value(NamedTuple):
    """A setting's value and where it came from."""

    setting: Setting
    value: Any
    source: Source

    @property
    def shown(self) -> str:
        """The value as people may see it."""
        if self.setting.secret:
            return "***"
        return ",".join(self.value) if isinstance(self.value, tuple) else str(self.value)

    @property
    def origin(self) -> str:
        """Where the value came from, as in "flag --launchready-target"."""
        place = {
            "flag": f" {self.setting.flag}",
            "environment": f" {self.setting.environment}",
            "ini": f" {self.setting.key}",
            "default": "",
        }[self.source]
        return self.source + place


class Settings(NamedTuple):
    """All settings of a run."""

    values: Mapping[str, Value]

    def get(self, name: str) -> Any:
        """The value of a setting."""
        return self.values[name].value

    def given(self) -> Iterator[Value]:
        """The values that are not defaults, in the order of the table."""
        return (value for value in self.values.values() if value.source != "default")


def resolve(flag: Callable[[str], Any], environ: Mapping[str, str], ini: Callable[[str], str | None]) -> Settings:
    """The settings from flags, environment, ini file and defaults, in that order.

    `flag` and `ini` look a key up and give None where it was not given. Raises ValueError, whose message names
    the setting, what was got and what is allowed.
    """
    return Settings({setting.name: _resolve_one(setting, flag, environ, ini) for setting in SETTINGS})


def _resolve_one(
    setting: Setting, flag: Callable[[str], Any], environ: Mapping[str, str], ini: Callable[[str], str | None]
) -> Value:
    candidates: list[tuple[Source, Any]] = [("ini", ini(setting.key))]
    if not setting.ini_only:
        candidates = [("flag", flag(setting.key)), ("environment", environ.get(setting.environment)), *candidates]
    for source, raw in candidates:
        if raw is not None and raw != "":
            return _checked(Value(setting, raw, source))
    return Value(setting, setting.default, "default")


def _checked(given: Value) -> Value:
    convert = CONVERTERS.get(given.setting.type, str)
    try:
        return Value(given.setting, convert(given.value), given.source)
    except ValueError:
        allowed = {"switch": "true or false", "number": "a whole number", "count": "a whole number from 1"}
        raise ValueError(f"{given.origin}: got {given.value!r}, allowed: {allowed[given.setting.type]}") from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


SWITCH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _switch(text: object) -> bool:
    try:
        return SWITCH[str(text).lower()]
    except KeyError:
        raise ValueError from None


def _count(text: object) -> int:
    number = int(str(text))
    if number < 1:
        raise ValueError
    return number


CONVERTERS: Mapping[Type, Callable[[Any], Any]] = {"switch": _switch, "number": int, "count": _count, "names": _names}
