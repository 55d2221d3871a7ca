"""Writes settings.md from the table of settings: `python docs/make_settings.py`."""  # noqa: INP001 - a script

from __future__ import annotations

from pathlib import Path

from pytest_launchready.core.settings import SETTINGS, SWITCH, Setting

TYPES = {
    "text": "text",
    "path": "a path",
    "switch": ", ".join(f"`{word}`" for word in SWITCH),
    "number": "a whole number",
    "count": "a whole number from 1",
    "names": "names, with commas between",
}

INTRODUCTION = """\
# Settings

This page is made from the table in `core/settings.py` by `python docs/make_settings.py`.

A value is taken from the flag, else from the environment, else from the ini file (`pytest.ini`, `pyproject.toml` …),
else it is the default; an empty value counts as not given. The header of a run shows every value that is not a default,
and where it came from:

```text
launchready: target demo (local) at the embedded marketplace, run lrkqzvmwtx, seed 421337, map launchready.toml
launchready: target=demo (flag --launchready-target), seed=421337 (environment LAUNCHREADY_SEED)
```

Without a target the plugin does nothing: its fixtures skip. Any other flag without a target is a usage error.

"""

END = """
A `config` path that is given by flag or environment begins where pytest was started, and one from the ini file at
pytest's root folder. Where there is no `launchready.toml`, the map is `[tool.launchready]` of `pyproject.toml`.
Set `launchready_required = true` in the ini file of a suite that must never run without a target: a forgotten option is
then an error, and not a green run in which everything was skipped.

Bounds of one request (seconds, connections, redirects) are no settings but a fixture, `launchready_client_args`: see
[conftest_template.py](../conftest_template.py).
"""


def render() -> str:
    """The page."""
    head = "| flag | environment | ini | value | default | what it does |\n| --- | --- | --- | --- | --- | --- |\n"
    return INTRODUCTION + head + "".join(map(_row, SETTINGS)) + END


def _row(setting: Setting) -> str:
    flag, environment = f"`{setting.flag}`", f"`{setting.environment}`"
    if setting.metavar:
        flag = f"`{setting.flag}[={setting.metavar}]`" if setting.alone else f"`{setting.flag}={setting.metavar}`"
    if setting.ini_only:
        flag = environment = "none"
    default = f"`{_text(setting.default)}`" if setting.default not in {None, ()} else "none"
    cells = (flag, environment, f"`{setting.key}`", TYPES[setting.type], default, setting.help)
    return f"| {' | '.join(cells)} |\n"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    Path(__file__).with_name("settings.md").write_text(render(), encoding="utf-8")
