"""Check `contract.document`: the API's description is there, can be read, and is valid."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from pytest_launchready.contracts.engines import EXTRA
from pytest_launchready.contracts.soundness import flaws_of
from pytest_launchready.core.checks import Check
from pytest_launchready.core.errors import NotCovered
from pytest_launchready.core.failures import Failure
from pytest_launchready.core.verdicts import Verdict, failed, passed
from pytest_launchready.core.words import counted
from pytest_launchready.probes.contract import sources
from pytest_launchready.probes.subject import Context, Subject

SHOWN: Final = 20
"""Flaws that are listed."""


def checks(subject: Subject) -> Iterator[Check[Context]]:
    """One check; not covered where the map names no description."""
    contract = subject.mapped.contract
    silent = (
        None if contract.openapi or contract.graphql else f"{subject.mapped.source} names no description of the API"
    )
    yield Check(
        id="contract.document",
        proves="the API's description can be read, and is valid",
        impact="trust-broken",
        remedy="correct the description: generated clients and tools read what it says, or refuse it",
        run=_run,
        reference="API9:2023, OpenAPI Specification",
        requests=1,
        absent=silent and f"contract.document: {silent} ([contract] openapi or graphql)",
    )


async def _run(context: Context) -> Verdict:
    try:
        if context.marketplace.map.contract.openapi is None:
            return await _graphql(context)
        found = await sources.source(context)
        described = await sources.described(context)
    except sources.Unobtainable as error:
        return failed(error.failure, code="no-description")
    flaws = flaws_of(found.document, described)
    about = f"{found.where}: version {found.document.version}, {counted(len(found.document.operations), 'operation')}"
    if flaws:
        more = f"; {len(flaws) - 1} more" if len(flaws) > 1 else ""
        failure = Failure(
            title=f"the API description has {counted(len(flaws), 'flaw')}",
            expected=f"a valid description of version {found.document.version}",
            got=f"{flaws[0]}{more}",
            change="correct it; what can be read of it is used all the same",
            exchange=found.exchange,
        )
        return failed(failure, about, *flaws[:SHOWN], code="invalid-description")
    if find_spec("openapi_spec_validator") is None:
        raise NotCovered(
            f"not covered: contract.document: it can be read, and only openapi-spec-validator can say more: {EXTRA}"
        )
    return passed(about)


async def _graphql(context: Context) -> Verdict:
    from graphql import validate_schema

    schema = await sources.schema(context)
    errors = validate_schema(schema)
    if errors:
        first = errors[0].message
        failure = Failure("the GraphQL schema is not valid", "a valid schema", first, "correct the schema")
        return failed(failure, *(error.message for error in errors[:SHOWN]), code="invalid-description")
    return passed(f"a schema of {counted(len(schema.type_map), 'type')}")
