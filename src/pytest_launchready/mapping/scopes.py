"""The names that templates use, checked where they can be known before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pytest_launchready.mapping.graph import captured, expressions, makers_of
from pytest_launchready.mapping.records import Auth, Map, ReadMail, Request, Resource, RunStep, Step
from pytest_launchready.mapping.references import KNOWN_STEPS
from pytest_launchready.mapping.template import Template, TemplateError, compile_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_launchready.mapping.extract import Extractor
    from pytest_launchready.mapping.problems import Key, Problems

ACCOUNT: Final = frozenset(
    {
        *("id", "email", "username", "password", "name", "first_name", "last_name", "phone"),
        *("street", "city", "postcode", "country", "unique"),
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
_TARGET: Final = frozenset({"name", "kind", "api", "web", "hosts"})


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
        logins = {"signup", "login", "me", *(person.login for person in map_.people.values())}
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
        for place, part in enumerate(step.parts):
            if isinstance(part, RunStep):
                inner = self.map.steps.get(part.step)
                known |= {inner.makes} if inner is not None and inner.makes is not None else set()
                continue
            key: Key = ("steps", step.name)
            if self._has_list(step.name):
                key = (*key, "requests", place)
            later = self._later(step, place)
            for below, value in expressions(part):
                self._check(value.required, (*key, *below), known, later, step)
            known |= set(part.capture)
        if step.found is not None:
            self._check(step.found.required, ("steps", step.name, "found"), known, {}, step)

    def _has_list(self, name: str) -> bool:
        table = self.document.get("steps", {}).get(name)
        return isinstance(table, dict) and "requests" in table

    @staticmethod
    def _later(step: Step, place: int) -> dict[str, int]:
        rest = list(enumerate(step.parts))[place:]
        return {
            name: at for at, part in reversed(rest) if isinstance(part, Request | ReadMail) for name in part.capture
        }

    def _check(
        self,
        names: Iterable[str],
        key: Key,
        known: set[str],
        later: Mapping[str, int] | None = None,
        step: Step | None = None,
    ) -> None:
        for name in sorted(names):
            root, _, rest = name.partition(".")
            place = self._place(key, name)
            if root not in known:
                at = (later or {}).get(root)
                if at is not None:
                    where = "by this request itself" if (at,) == key[3:4] or len(key) < 4 else f"only by requests[{at}]"
                    self.problems.add(place, f"{{{{ {name} }}}} is used before it is captured ({where})")
                elif step is None or step.name in KNOWN_STEPS:
                    # What a step of the team's own does not know is an argument of call().
                    self.problems.add(place, "nothing here is called so", got=root, allowed=known)
            elif rest and not (step is not None and root in captured(step.parts)):
                self._check_attribute(root, rest, place)

    def _check_attribute(self, root: str, rest: str, place: Key) -> None:
        first, _, more = rest.partition(".")
        if root == "target" and first == "hosts" and more:
            root, first = "target.hosts", more.partition(".")[0]
        names = self.attributes.get(root)
        if names is not None and first not in names:
            self.problems.add(place, f"{root} has no such name", got=first, allowed=names or "nothing")

    def _place(self, key: Key, name: str) -> Key:
        """The innermost key below (or above) that mentions the name."""
        value: Any = self.document
        for length, part in enumerate(key):
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return key[:length] if length > 1 else key
        return next((below for below in _mentions(value, name, key)), key)


def _mentions(value: Any, name: str, key: Key) -> Iterator[Key]:
    if isinstance(value, dict | list):
        for part, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _mentions(inner, name, (*key, part))
        return
    try:
        if name in compile_template(value).required:
            yield key
    except TemplateError:
        return
