"""No output of a run shows a secret: reports, warnings, internal errors, logs, the terminal, JUnit and HTML files.

Reports are masked before anything reads them, in the process that made them; so xdist carries no secret either.
"""

from __future__ import annotations

import linecache
import logging
import traceback
import warnings
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_launchready.core.redact import Secrets

NAMES = frozenset({"nodeid", "location", "keywords"})
"""What names a test stays as it is: reports find each other by it."""


class Redacting:
    """Masks what pytest and its reporters are about to tell."""

    def __init__(self, config: pytest.Config, secrets: Secrets) -> None:
        self._config = config
        self._secrets = secrets

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionstart(self) -> Generator[None, None, None]:
        """Masks from now on what is logged, what the terminal shows, and what pytest-metadata knows."""
        self._mask_logging()
        if self._config.pluginmanager.hasplugin("terminalreporter"):
            mask_writer(self._config.get_terminal_writer(), self._secrets.mask)
        if self._config.pluginmanager.hasplugin("metadata"):
            from pytest_metadata.plugin import metadata_key  # type: ignore[import-untyped]

            known: dict[str, Any] = self._config.stash.get(metadata_key, {})
            known.update(self._secrets.mask_all(known))
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, object, object]:
        """Masks a test's report: traceback, captured output, properties, reasons."""
        self._mask_report(report)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> Generator[None, object, object]:
        """Masks what went wrong in collection."""
        self._mask_report(report)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Masks a warning, and the line of source that is shown with it."""
        text = str(warning_message.message)
        masked = self._secrets.mask(text)
        if masked != text:
            warning_message.message = UserWarning(masked)
        if warning_message.line is None:
            line = linecache.getline(warning_message.filename, warning_message.lineno)
            masked = self._secrets.mask(line)
            warning_message.line = masked if masked != line else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_internalerror(self, excrepr: Any) -> Generator[None, object, object]:
        """Masks an error of pytest or of a plugin."""
        where = ("", None, "")
        report = pytest.TestReport("", where, {}, outcome="failed", longrepr=excrepr, when="call")
        self._mask_report(report)
        if report.longrepr is not excrepr:
            vars(excrepr).update(vars(report.longrepr))
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: Any) -> Generator[None, object, object]:
        """Masks the reason of `pytest.exit`, and the traceback that `--full-trace` shows."""
        error = excinfo.value
        error.args = tuple(self._secrets.mask_all(argument) for argument in error.args)
        if isinstance(error, pytest.exit.Exception):
            error.msg = self._secrets.mask(error.msg)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Masks what tests have written into JUnit's file past their reports."""
        for plugin in self._config.pluginmanager.get_plugins():
            # pytest has no other way to what `record_xml_attribute` and `record_testsuite_property` wrote.
            for reporter in getattr(plugin, "node_reporters_ordered", ()):
                for element in reporter.to_xml().iter():
                    element.attrib.update(self._secrets.mask_all(dict(element.attrib)))
            properties = getattr(plugin, "global_properties", None)
            if isinstance(properties, list):
                properties[:] = self._secrets.mask_all(properties)
        return (yield)

    @pytest.hookimpl(optionalhook=True, trylast=True)
    def pytest_html_results_table_row(self, cells: list[Any]) -> None:
        """Masks what other plugins put into a row of pytest-html."""
        cells[:] = [self._secrets.mask_all(cell) for cell in cells]

    @pytest.hookimpl(optionalhook=True, trylast=True)
    def pytest_html_results_table_html(self, data: list[Any]) -> None:
        """Masks what other plugins put below a row."""
        data[:] = [self._secrets.mask_all(text) for text in data]

    @pytest.hookimpl(optionalhook=True, trylast=True)
    def pytest_html_results_summary(self, prefix: list[Any], summary: list[Any], postfix: list[Any]) -> None:
        """Masks what stands at the head of the report."""
        for part in (prefix, summary, postfix):
            part[:] = [self._secrets.mask_all(text) for text in part]

    def _mask_report(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        """Replaces a report's content in place: reporters keep the object that they are given."""
        hook = self._config.hook
        data = hook.pytest_report_to_serializable(config=self._config, report=report)
        if data is None:  # a report of another plugin's own kind, which only that plugin shows
            return
        content = {key: value for key, value in data.items() if key not in NAMES}
        masked = self._secrets.mask_all(content)
        if masked is content:
            return
        fresh = hook.pytest_report_from_serializable(config=self._config, data={**data, **masked})
        vars(report).update({key: value for key, value in vars(fresh).items() if key != "result"})

    def _mask_logging(self) -> None:
        """Masks every log record as it is made, whoever handles it."""
        make = logging.getLogRecordFactory()

        def masked(*args: Any, **kwargs: Any) -> logging.LogRecord:
            record = make(*args, **kwargs)
            mask_record(record, self._secrets.mask)
            return record

        logging.setLogRecordFactory(masked)
        self._config.add_cleanup(lambda: logging.setLogRecordFactory(make))
        handler = getattr(self._config.pluginmanager.get_plugin("logging-plugin"), "log_file_handler", None)
        if handler is not None:
            handler.addFilter(self._mask_extras)

    def _mask_extras(self, record: logging.LogRecord) -> bool:
        """Masks what `extra=` adds to a record after it was made."""
        vars(record).update(self._secrets.mask_all({k: v for k, v in vars(record).items() if isinstance(v, str)}))
        return True


def mask_record(record: logging.LogRecord, mask: Callable[[str], str]) -> None:
    """Masks a log record's message, traceback and stack."""
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 - logging itself reports a message that does not fit its arguments
        return
    masked = mask(text)
    if masked != text:
        record.msg, record.args = masked, ()
    if record.exc_info and record.exc_info[0] is not None:
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        masked = mask(text)
        if masked != text:
            record.exc_text = masked  # formatters write this instead of formatting it again
    if record.stack_info:
        record.stack_info = mask(record.stack_info)


def mask_writer(writer: Any, mask: Callable[[str], str]) -> None:
    """Masks whatever a terminal writer is asked to write from now on."""
    write = writer.write

    def masked(text: str, *args: Any, **how: Any) -> None:
        write(mask(text), *args, **how)

    writer.write = masked
