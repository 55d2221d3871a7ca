"""The names that templates use, checked where they can be known before anything is sent."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pytest_launchready.mapping.graph import captured, expressions, makers_of
from pytest_launchready.mapping.records import Auth, Map, Part, Resource, RunStep, Step
from pytest_launchready.mapping.references import KNOWN_STEPS
from pytest_launchready.mapping.template import Template, TemplateError, compile_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_launchready.mapping.extract import Extractor
    from pytest_launchready.mapping.problems import Key, Problems

ACCOUNT: Final = frozenset(
    {
        *("id", "email", "username", "password", "name", "first_name", "last_name", "phone"),
        *("street", "city", "postcode", "country", "unique", "nonce"),
    }
)
"""What every person has."""

_ROOTS: Final = frozenset(
    {
        *("account", "listing", "message", "search", "quantity", "cart", "order", "values", "target", "run"),
        *("unique", "canary", "canary_number", "png", "now"),
    }
)
_OBJECTS: Final[Mapping[str, tuple[frozenset[str], tuple[str, ...]]]] = {
    "listing": (frozenset({"title", "price", "description"}), ("create_listing", "get_listing", "search")),
    "message": (frozenset({"text"}), ("send_message", "list_messages")),
    "cart": (frozenset(), ("add_to_cart",)),
    "order": (frozenset(), ("checkout", "get_order", "list_orders")),
}
_OPTIONAL: Final = " A value that only some tests give is written with `| default(…)`."
_RUN: Final = frozenset({"id", "tag", "seed", "worker"})
_TARGET: Final = frozenset({"name", "kind", "api", "web", "hosts"})


@dataclass(frozen=True, slots=True)
class _Now:
    """Where in a step a name is used."""

    step: Step
    place: int
    before: set[str]
    """What earlier requests have captured."""
    later: Mapping[str, int]
    """What this and later requests capture → which of them."""


@dataclass(frozen=True)
class Scopes:
    """The names of one map."""

    map: Map
    document: Mapping[str, Any]
    """The file, to find the very place of a name."""
    problems: Problems
    built_in: bool

    @cached_property
    def attributes(self) -> Mapping[str, frozenset[str]]:
        """Object → its names, for every object whose names are known."""
        map_ = self.map
        every = {"account": self._account(), "values": frozenset(map_.values), "search": frozenset({"text"})}
        every["owner"] = every["account"]
        every["target"] = _TARGET
        every["run"] = _RUN
        if not self.built_in:
            every["target.hosts"] = frozenset(map_.target.hosts)
        makers = makers_of(map_.resources)
        for kind in {*_OBJECTS, *map_.resources} - {"account"}:
            base, steps = _OBJECTS.get(kind, (frozenset[str](), ()))
            maker = map_.steps.get(makers[kind]) if kind in makers else None
            if maker is None or maker.skip is not None:
                # Made elsewhere or not at all: what it has is not for the map to say.
                continue
            found = captured(
                part for name in {*steps, maker.name} if name in map_.steps for part in map_.steps[name].parts
            )
            every[kind] = base | found | {"raw", "id"}
        return every

    def _account(self) -> frozenset[str]:
        map_ = self.map
        names = set(ACCOUNT)
        for person in map_.people.values():
            names |= set(person.values).union(*person.accounts)
        auths = [map_.auth, *(person.auth for person in map_.people.values())]
        if any(auth is not None and auth.bearer is not None for auth in auths):
            names.add("token")
        logins = {
            "signup",
            "login",
            "me",
            *(step for person in map_.people.values() for step in (person.login, person.me)),
        }
        return frozenset(names | captured(part for name in logins & set(map_.steps) for part in map_.steps[name].parts))

    def check(self) -> None:
        """Note every name that cannot be there when it is needed."""
        map_ = self.map
        undone: dict[str, set[str]] = {}
        for step in map_.steps.values():
            for name in step.undo:
                undone.setdefault(name, set()).update(captured(step.parts))
        for name, step in map_.steps.items():
            self._check_step(step, undone.get(name, set()))
        for resource in map_.resources.values():
            self._check_resource(resource)
        self._check_auth(map_.auth, ("auth",))
        for name, person in map_.people.items():
            self._check_auth(person.auth, ("people", name, "auth"))

    def _check_auth(self, auth: Auth | None, key: Key) -> None:
        templates = {"headers": auth.headers, "basic": auth.basic} if auth is not None else {}
        for name, template in templates.items():
            if template is not None:
                self._check(template.required, (*key, name), self._roots())

    def _check_resource(self, resource: Resource) -> None:
        maker = self.map.steps.get(resource.made_by)
        known = self._roots() | {"id", "owner"} | (captured(maker.parts) if maker else set())
        key: Key = ("resources", resource.name)
        uses: list[tuple[Key, Template | Extractor | None]] = [
            *(((*key, "proof", place), text) for place, text in enumerate(resource.proof)),
            ((*key, "match"), resource.match),
            ((*key, "gone"), resource.gone),
            ((*key, "absent"), resource.absent),
        ]
        for verb, found in resource.verbs.items():
            if found.step is None:
                uses += [((*key, verb, *below), value) for below, value in expressions(found.request)]
        for place, value in uses:
            if value is not None:
                self._check(value.required, place, known)

    def _roots(self) -> set[str]:
        return set(_ROOTS) | set(self.map.resources)

    def _check_step(self, step: Step, undone: set[str]) -> None:
        known = self._roots() | undone
        if step.name.startswith(("update_", "delete_", "get_")):
            known.add("id")
        in_list = self._has_list(step.name)
        for place, part in enumerate(step.parts):
            if isinstance(part, RunStep):
                inner = self.map.steps.get(part.step)
                if inner is not None:
                    known |= captured(inner.parts) if inner.makes is None else {inner.makes}
                continue
            key: Key = ("steps", step.name, "requests", place) if in_list else ("steps", step.name)
            now = _Now(step, place, captured(step.parts[:place]), _first_captures(step.parts[place:], place))
            for below, value in expressions(part):
                self._check(value.required, (*key, *below), known, now)
            known |= set(part.capture)
        if step.found is not None:
            now = _Now(step, len(step.parts), captured(step.parts), {})
            self._check(step.found.required, ("steps", step.name, "found"), known, now)

    def _has_list(self, name: str) -> bool:
        table = self.document.get("steps", {}).get(name)
        return isinstance(table, dict) and "requests" in table

    def _check(self, names: Iterable[str], key: Key, known: set[str], now: _Now | None = None) -> None:
        for name in names:
            root, _, rest = name.partition(".")
            if root not in known:
                self._unknown(name, root, key, known, now)
            elif rest and (now is None or root not in now.before):
                self._check_attribute(name, root, rest, key, now)

    def _unknown(self, name: str, root: str, key: Key, known: set[str], now: _Now | None) -> None:
        own = now is None or now.step.name in KNOWN_STEPS
        if now is not None and root in now.later and (own or root != "id" or now.later[root] != now.place):
            self._too_early(name, now.later[root], key, now)
        elif own:
            # What a step of the team's own does not know is an argument of call().
            self.problems.add(
                self._place(key, name), "nothing here is called so", got=root, allowed=known, otherwise=_OPTIONAL
            )

    def _too_early(self, name: str, at: int, key: Key, now: _Now) -> None:
        where = f"only by requests[{at}]" if at != now.place else "by this request itself"
        self.problems.add(self._place(key, name), f"{{{{ {name} }}}} is used before it is captured ({where})")

    def _check_attribute(self, name: str, root: str, rest: str, key: Key, now: _Now | None) -> None:
        first, _, more = rest.partition(".")
        if root == "target" and first == "hosts" and more:
            root, first = "target.hosts", more.partition(".")[0]
        if now is not None and root == now.step.makes:
            # The object is not made yet: it has what the caller gave, and nothing that this step captures.
            if now.step.name not in KNOWN_STEPS:
                return
            if first not in self._given(root, now.step.name):
                if first in now.before:
                    what = f"{{{{ {name} }}}} is not made yet: write {{{{ {first} }}}} for what this step has captured"
                    self.problems.add(self._place(key, name), what)
                    return
                if first in now.later:
                    self._too_early(name, now.later[first], key, now)
                    return
        names = self.attributes.get(root)
        if names is not None and first not in names:
            hint = _OPTIONAL if root in _OBJECTS or root == "search" else ""
            what = f"{root} has no such name"
            self.problems.add(self._place(key, name), what, got=first, allowed=names or "nothing", otherwise=hint)

    def _given(self, kind: str, step: str) -> frozenset[str]:
        """What an object has before a step that makes it."""
        if kind != "account":
            return _OBJECTS[kind][0]
        before = {"signup": (), "login": ("signup",)}.get(step, ("signup", "login"))
        people = self.map.people.values()
        return (ACCOUNT - {"id"}).union(
            *(person.values for person in people),
            *(account for person in people for account in person.accounts),
            *(captured(self.map.steps[name].parts) for name in before if name in self.map.steps),
        )

    def _place(self, key: Key, name: str) -> Key:
        """The innermost key below (or above) that mentions the name."""
        value: Any = self.document
        for length, part in enumerate(key):
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return key[:length] if length > 1 else key
        return next((below for below in _mentions(value, name, key)), key)


def _first_captures(parts: Iterable[Part], start: int) -> dict[str, int]:
    """Name → the request that captures it first, counted from `start`."""
    found: dict[str, int] = {}
    for place, part in enumerate(parts, start):
        for name in captured([part]):
            found.setdefault(name, place)
    return found


def _mentions(value: Any, name: str, key: Key) -> Iterator[Key]:
    if isinstance(value, dict | list):
        for part, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _mentions(inner, name, (*key, part))
    else:
        with suppress(TemplateError):
            if name in compile_template(value).required:
                yield key
