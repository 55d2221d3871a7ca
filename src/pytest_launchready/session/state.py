"""What one pytest session knows of its run: settings, map, demo server, and what is to be undone at the end.

The controller of xdist decides the run's id, its seed and the demo's address; its workers are told.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_launchready.core.redact import Secrets
from pytest_launchready.session import demo
from pytest_launchready.session.engine import engine_if_started
from pytest_launchready.session.sharing import Sharing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_launchready.core.networks import Network
    from pytest_launchready.core.settings import Settings
    from pytest_launchready.flows.marketplace import Marketplace
    from pytest_launchready.flows.run import Run
    from pytest_launchready.mapping.records import Map
    from pytest_launchready.wire.terms import Terms

STATE = pytest.StashKey["State"]()
SHARED = "launchready"
"""The key under which controller and workers of xdist tell each other things."""


@dataclass(slots=True)
class State:
    """The run of one process."""

    settings: Settings
    mapped: Map
    run: Run
    secrets: Secrets
    """What no output of this run may show; known from the reading of the map on."""
    sharing: Sharing
    folder: Path
    """Where journals and the key are kept."""
    demo: demo.Host | None = None
    marketplaces: list[Marketplace] = field(default_factory=list)
    traces: list[dict[str, Any]] = field(default_factory=list)
    broken: list[dict[str, Any]] = field(default_factory=list)
    """What kept answers from being judged by their contract, if they were to be."""
    swept: list[str] = field(default_factory=list)
    """What came of what earlier runs had left."""

    def terms(self) -> Terms:
        """How much this run may send, and how fast."""
        from pytest_launchready.wire.terms import terms_for

        target = self.mapped.target
        return terms_for(target.name, target.kind, target.budget, self.settings.get("max-requests"))

    def network(self) -> Network | None:
        """The network that every request goes over, if one is asked for."""
        name = self.settings.get("network")
        return None if name is None else self.mapped.networks[name]

    def live_map(self) -> Map:
        """The map with the demo's own address filled in, once it runs."""
        if self.demo is None:
            return self.mapped
        url = self.demo.url()
        target = replace(self.mapped.target, api=url, web=url)
        return replace(self.mapped, target=target)


def begin(config: pytest.Config, settings: Settings) -> State:
    """The run: its map is read and its identity settled; raises UsageError for a bad map."""
    from pytest_launchready.flows.home import FOLDER
    from pytest_launchready.flows.keys import key_of
    from pytest_launchready.flows.run import Run, new_run_id, new_seed
    from pytest_launchready.mapping.load import load_map
    from pytest_launchready.mapping.problems import MapError

    told = getattr(config, "workerinput", {}).get(SHARED, {})
    name = settings.get("target")
    if settings.get("demo-defects") and name not in demo.TARGETS:
        raise pytest.UsageError(
            f"--launchready-demo-defects is for the demo targets, not for {name!r}: {', '.join(demo.TARGETS)}"
        )
    host = demo.host(name, settings.get("demo-defects"), told) if name in demo.TARGETS else None
    path = _map_path(config, settings, name)
    environ = {**os.environ, **(host.environment() if host else {})}
    try:
        mapped = load_map(path, name, environ=environ, built_in=host is not None)
    except MapError as error:
        raise pytest.UsageError(str(error)) from None
    mapped = replace(mapped, source=_short(path))
    _check_network(settings, mapped)
    seed = settings.get("seed") if settings.get("seed") is not None else told.get("seed", new_seed())
    folder = config.rootpath / FOLDER
    worker = _letters(getattr(config, "workerinput", {}).get("workerid", ""))
    run = Run(told.get("run", new_run_id()), seed, worker, key_of(folder))
    secrets = Secrets()
    for value, label in mapped.secrets.items():
        secrets.add(value, label)
    config.stash[STATE] = State(settings, mapped, run, secrets, Sharing(told.get("board")), folder, host)
    return config.stash[STATE]


def _check_network(settings: Settings, mapped: Map) -> None:
    from pytest_launchready.core.nearest import did_you_mean

    value = settings.values["network"]
    if value.value is not None and value.value not in mapped.networks:
        known = sorted(mapped.networks)
        raise pytest.UsageError(
            f"{value.origin}: there is no network {value.value!r}.{did_you_mean(value.value, known)} "
            f"Allowed: {', '.join(known)}, and every [networks.NAME] of {mapped.source}"
        )


def state_of(config: pytest.Config) -> State | None:
    """The run of this session, or None where no target is given."""
    return config.stash.get(STATE, None)


def tell_worker(state: State) -> dict[str, Any]:
    """What a worker must know."""
    told = {"run": state.run.id, "seed": state.run.seed, "board": state.sharing.tell()}
    return {**told, **(state.demo.tell() if state.demo else {})}


def require(config: pytest.Config, names: Iterable[str]) -> None:
    """Skips a test, as not covered, that needs a step or resource which the map does not have."""
    from pytest_launchready.core.errors import NotCovered
    from pytest_launchready.mapping.coverage import why_not_covered

    state = state_of(config)
    if state is None:
        return
    for name in names:
        reason = why_not_covered(state.mapped, name)
        if reason is not None:
            raise NotCovered(f"not covered: {reason}")


def findings_of(marketplace: Marketplace) -> list[dict[str, Any]]:
    """How the answers of a run differ from what is promised, where every one was judged."""
    return [
        finding
        for observer in marketplace.observers
        if hasattr(observer, "findings")
        for finding in observer.findings(marketplace.secrets)
    ]


INTERRUPTED = "interrupted while it undid what it had made; the next run, or `launchready sweep`, goes on"


def leave(config: pytest.Config, state: State) -> None:
    """Undoes what this process has made; the outcome joins `state.traces`."""
    while state.marketplaces:
        marketplace = state.marketplaces.pop()
        trace: dict[str, Any] = {"undone": 0, "left": (), "failed": (), "doubtful": ()}
        try:
            trace = asdict(marketplace.leave())
        except KeyboardInterrupt:
            trace["failed"] = (("run", state.run.id, INTERRUPTED),)
        told = {"sent": marketplace.sent, "reasons": marketplace.consent.reasons}
        told |= {"exchanges": marketplace.tally.facts(), "people": marketplace.company.roster()}
        told["contract"] = [*findings_of(marketplace), *state.broken]
        state.broken.clear()
        told["latency"] = marketplace.company.stage.timings.facts()
        waits = asdict(marketplace.patience.waits)
        state.traces.append({**told, "waits": waits, "stopped": marketplace.budget.stopped(), **trace})
    engine = engine_if_started(config)
    if engine is not None:
        engine.close()


def was_interrupted(state: State) -> bool:
    """Whether the undo of this process, or of a worker, was cut short."""
    return any(why == INTERRUPTED for trace in state.traces for _, _, why in trace["failed"])


def facts(state: State) -> dict[str, Any]:
    """What the header says of the run."""
    from pytest_launchready.flows.sending import origins_of
    from pytest_launchready.wire.proxies import proxies_for, shown_proxy

    target = state.mapped.target
    return {
        "target": target.name,
        "kind": target.kind,
        "api": "the embedded marketplace" if state.demo else target.api,
        "run": state.run.id,
        "seed": state.run.seed,
        "map": state.mapped.source,
        "terms": str(state.terms()),
        "network": "" if state.network() is None else str(state.network()),
        "proxies": sorted({shown_proxy(proxy) for proxy in proxies_for(origins_of(target)).values()}),
    }


def _map_path(config: pytest.Config, settings: Settings, target: str) -> Path:
    """The map: where the settings say, else in `pyproject.toml`; a demo target brings its own."""
    given = settings.values["config"]
    base = config.invocation_params.dir if given.source in {"flag", "environment"} else config.rootpath
    path = base / str(given.value)
    if target in demo.TARGETS and not demo.declares(path, target) and given.source == "default":
        return demo.built_in_map(target)
    if given.source == "default" and not path.exists() and (config.rootpath / "pyproject.toml").exists():
        return config.rootpath / "pyproject.toml"
    return path


def _short(path: Path) -> str:
    """The path as people would write it: from here, or from the folder that holds this package."""
    for base in (Path.cwd(), Path(__file__).parents[2]):
        if path.is_relative_to(base):
            return str(path.relative_to(base))
    return str(path)


def _letters(worker: str) -> str:
    """A worker's name as letters and digits, or nothing."""
    return "".join(letter for letter in worker if letter.isalnum())
