"""`[resources.NAME]` and `[limits.STEP]` → `Resource` and `Limit`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pytest_launchready.mapping.records import Limit, Request, Resource, Step, Verb
from pytest_launchready.mapping.tables import LimitTable, RequestTable, ResourceTable, VerbTable, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_launchready.mapping.problems import Key
    from pytest_launchready.mapping.requests import Requests

VERBS: Final = ("read", "list", "update", "delete")
MAKERS: Final[Mapping[str, str]] = {
    "account": "signup",
    "listing": "create_listing",
    "message": "send_message",
    "cart": "add_to_cart",
    "order": "checkout",
}
"""The kinds of object that every map knows, and the steps that make them."""

_SHORTEST_PROOF: Final = 8
"""Characters; a shorter text is found in any answer by chance."""


@dataclass(frozen=True)
class Resources:
    """Compiles the resources and limits of one map."""

    requests: Requests
    steps: Mapping[str, Step]

    def compile(self, name: str, table: Any, key: Key) -> Resource:
        """The resource with the verbs that are written, and those that follow from the names of steps."""
        leaves = self.requests.leaves
        leaves.name(name, key)
        written = read(ResourceTable, table, key, leaves.problems)
        made_by = written.made_by or MAKERS.get(name, "")
        if not made_by:
            leaves.problems.add(key, "does not say which step makes it: write made_by", allowed=self.steps)
        verbs = {verb: self._verb(name, verb, getattr(written, verb), (*key, verb)) for verb in VERBS}
        for place, verb in enumerate(written.public or ()):
            if verb not in VERBS:
                leaves.problems.add((*key, "public", place), "", got=verb, allowed=VERBS)
        proof = [leaves.template(text, (*key, "proof", place)) for place, text in enumerate(written.proof or ())]
        for place, text in enumerate(proof):
            if text.constant and len(str(text.source)) < _SHORTEST_PROOF and text is not leaves.nothing:
                allowed = f"{_SHORTEST_PROOF} characters or more: shorter texts are found by chance"
                leaves.problems.add((*key, "proof", place), "", got=text.source, allowed=allowed)
        return Resource(
            name,
            made_by,
            {verb: found for verb, found in verbs.items() if found is not None},
            proof=tuple(proof),
            match=leaves.maybe(written.match, (*key, "match")),
            verify=written.verify,
            owner=written.owner,
            deny=tuple(written.deny) if written.deny is not None else ("stranger", "anonymous"),
            public=frozenset(written.public or ()),
            capability=bool(written.capability),
            gone=leaves.maybe(written.gone, (*key, "gone")),
            absent=None if written.absent is None else leaves.template(written.absent, (*key, "absent")),
        )

    def _verb(self, name: str, verb: str, written: Any, key: Key) -> Verb | None:
        problems = self.requests.leaves.problems
        if written is None:
            usual = {"read": [f"get_{name}"], "list": [f"list_{name}s", f"list_{name}es"]}
            names = usual.get(verb, [f"{verb}_{name}"])
            found = [step for step in names if self._single(step) is not None]
            return self._of_step(found[0]) if found else None
        if isinstance(written, dict):
            table = read(VerbTable, written, key, problems)
            fields = {field: getattr(table, field) for field in RequestTable.__struct_fields__}
            request = self.requests.compile(RequestTable(**fields), key)
            return Verb(request, deny=None if table.deny is None else tuple(table.deny))
        if " " in written.strip():
            return Verb(self.requests.bare(written, key))
        if written not in self.steps:
            problems.add(key, "there is no such step", got=written, allowed=self.steps)
        elif self._single(written) is None:
            problems.add(
                key, f"the step {written} is not one request", allowed='a step of one request, or "METHOD target"'
            )
        else:
            return self._of_step(written)
        return None

    def _single(self, name: str) -> Request | None:
        step = self.steps.get(name)
        if step is None or step.skip is not None or len(step.parts) != 1 or not isinstance(step.parts[0], Request):
            return None
        return step.parts[0]

    def _of_step(self, name: str) -> Verb | None:
        request = self._single(name)
        return None if request is None else Verb(replace(request, actor=None), step=name)

    def limit(self, name: str, table: Any, key: Key) -> Limit:
        """What the team says of how often a step may be called."""
        leaves = self.requests.leaves
        limit = read(LimitTable, table, key, leaves.problems)
        if limit.within is not None and limit.none is not None:
            leaves.problems.add(key, "says both `within` and `none`", allowed="one of them")
        return Limit(
            name,
            within=limit.within,
            per=limit.per,
            none=limit.none,
            limited=leaves.maybe(limit.limited, (*key, "limited")),
            values={
                word: leaves.template(value, (*key, "values", word)) for word, value in (limit.values or {}).items()
            },
            without=tuple(limit.without or ()),
        )
