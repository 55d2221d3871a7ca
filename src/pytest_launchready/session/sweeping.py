"""What earlier runs left is finished before the tests, and what killed workers of this one left after them."""

from __future__ import annotations

import os
import socket
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from pytest_launchready.session import state
from pytest_launchready.session.engine import ENGINE, engine_of

if TYPE_CHECKING:
    from pytest_launchready.flows.marketplace import Marketplace
    from pytest_launchready.flows.run import Run
    from pytest_launchready.wire.engine import Engine


class Sweeping:
    """Finishes what processes left that are gone; in the controller, or where there are no workers."""

    def __init__(self, config: pytest.Config, run: state.State) -> None:
        self._config = config
        self._run = run

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Finishes what killed runs left on this target; without leftovers it costs one look into a folder."""
        run = self._run
        if not any(run.folder.glob("journal/*.jsonl")) or self._config.option.collectonly:
            return
        if run.settings.get("read-only"):
            run.swept.append("journals of killed runs are left as they are: this run is --launchready-read-only")
        elif run.demo is not None:
            self._drop_journals_of_dead_demos()
        else:
            self._finish()

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        """Finishes what killed workers of this run left, once every worker is gone."""
        yield
        run = self._run
        if self._config.pluginmanager.hasplugin("dsession") and any(run.folder.glob(f"journal/{run.run.id}.*")):
            self._finish_workers()

    def _finish(self) -> None:
        from pytest_launchready.flows.sweep import sweep, unfinished

        run, mapped = self._run, self._run.live_map()
        engine = engine_of(self._config)
        for found in unfinished(run.folder, mapped):
            done, _ = sweep(found, mapped, run.run.key, engine, lambda one: self._market(engine, one))
            run.swept += [run.secrets.mask(f"finished what a killed run left: {line}") for line in done.lines()]

    def _finish_workers(self) -> None:
        from pytest_launchready.core.errors import LaunchreadyError
        from pytest_launchready.core.failures import StepFailure
        from pytest_launchready.flows.sweep import take_over, unfinished
        from pytest_launchready.wire.engine import Engine

        run, mapped = self._run, self._run.live_map()
        engine = self._config.stash[ENGINE] = Engine()  # the run's own is closed already
        for found in unfinished(run.folder, mapped, run=run.run.id):
            if found.story.ended:
                found.journal.leave()
                continue
            try:
                market = take_over(found, mapped, run.run.key, engine, lambda one: self._market(engine, one))
            except (LaunchreadyError, StepFailure) as error:
                found.journal.leave()
                self._say(f"cannot finish what a killed worker left, the next run goes on: {error}")
            else:
                run.marketplaces.append(market)
        state.leave(self._config, run)

    def _say(self, line: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"launchready: {self._run.secrets.mask(line)}")

    def _market(self, engine: Engine, one: Run) -> Marketplace:
        from pytest_launchready.flows.marketplace import Marketplace
        from pytest_launchready.wire.budget import Budget
        from pytest_launchready.wire.client import Trust

        run = self._run
        return Marketplace(
            engine,
            run.live_map(),
            one,
            secrets=run.secrets,
            budget=Budget(run.terms(), run.sharing.board()),
            trust=Trust(run.settings.get("ca-bundle"), run.settings.get("client-cert")),
        )

    def _drop_journals_of_dead_demos(self) -> None:
        """A demo ends with its run, and all that was made goes with it."""
        from urllib.parse import urlsplit

        from pytest_launchready.flows.journal import claim, journals

        for path in journals(self._run.folder):
            claimed = claim(path)
            if claimed is None:
                continue
            file, story = claimed
            url = urlsplit(str(story.head.get("api")))
            if story.head.get("target") == self._run.mapped.target.name and not _answers(url.hostname, url.port):
                path.unlink(missing_ok=True)
            os.close(file)


def _answers(host: str | None, port: int | None) -> bool:
    try:
        socket.create_connection((host or "127.0.0.1", port or 80), 0.5).close()
    except OSError:
        return False
    return True
