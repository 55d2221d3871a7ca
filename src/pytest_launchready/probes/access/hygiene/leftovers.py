"""Files and routes that should never have been published: where they are asked for, and what proves that they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_launchready.core.answer import Answer
from pytest_launchready.probes.access.hygiene.sensitive import Known, leaks

Proof = Callable[[Answer], str | None]
"""What in an answer proves it, in words; None where nothing does."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that is asked for."""

    path: str
    what: str
    proof: Proof


def environment(answer: Answer) -> str | None:
    """Lines of a `.env` file: names in capitals, one of which says that it is a secret, or several."""
    if _is_page(answer):
        return None
    lines = [line for line in answer.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    names = [found[1] for line in lines if (found := re.match(r"(?:export\s+)?([A-Z][A-Z0-9_]{2,})\s*=", line))]
    telling = [name for name in names if re.search(r"SECRET|PASS|KEY|TOKEN|DATABASE|DB_|_URL|_URI|DSN|ENV|HOST", name)]
    if not names or len(names) * 2 < len(lines) or not (telling or len(names) > 2):
        return None
    return f"{len(names)} settings, {', '.join((telling or names)[:3])} among them"


def git_head(answer: Answer) -> str | None:
    """The name of a branch, or of a commit, as git keeps it in HEAD."""
    text = answer.text.strip()
    return text[:60] if re.fullmatch(r"ref: refs/\S+|[0-9a-f]{40}|[0-9a-f]{64}", text) else None


def dump(answer: Answer) -> str | None:
    """The beginning of a database's dump."""
    if _is_page(answer):
        return None
    marks = r"-- (?:MySQL|MariaDB) dump|-- PostgreSQL database dump|CREATE TABLE |INSERT INTO |SQLite format 3"
    found = re.search(marks, answer.text[:20_000])
    return found[0] if found else None


def actuator(answer: Answer) -> str | None:
    """The environment as Spring's actuator shows it."""
    document = answer.json
    if isinstance(document, Mapping) and isinstance(document.get("propertySources"), list):
        return f"{len(document['propertySources'])} sources of properties"
    return None


def php_info(answer: Answer) -> str | None:
    """The page of phpinfo()."""
    if re.search(r"<title>(?:PHP [\d.]+ - )?phpinfo\(\)</title>|<h1 class=\"p\">PHP Version", answer.text):
        return "the page of phpinfo()"
    return None


def server_status(answer: Answer) -> str | None:
    """Apache's page about itself and its visitors."""
    return (
        "Apache Server Status"
        if re.search(r"<title>Apache Status</title>|Apache Server Status for", answer.text)
        else None
    )


def go_debug(answer: Answer) -> str | None:
    """Profiles or variables of a Go program."""
    if "Types of profiles available" in answer.text:
        return "profiles of a Go program"
    document = answer.json
    inside = isinstance(document, Mapping) and "memstats" in document and "cmdline" in document
    return "command line and memory of a Go program" if inside else None


def profiler(answer: Answer) -> str | None:
    """The profiler or console of a framework."""
    marks = {
        "Symfony's profiler": r"<title>Symfony Profiler</title>",
        "Laravel Telescope": r"<title>[^<]*Telescope</title>|window\.Telescope\s*=",
        "Rails' properties": r"Rails version</t[dh]>|<h2>Routes</h2>[\s\S]{0,400}Helper",
        "a console": r"<title>(?:Console // Werkzeug Debugger|H2 Console)</title>",
    }
    return next((what for what, mark in marks.items() if re.search(mark, answer.text[:50_000])), None)


def debug(answer: Answer) -> str | None:
    """Settings, environment or inside of a program, as JSON or as lines."""
    found = go_debug(answer) or profiler(answer) or environment(answer)
    if found is not None:
        return found
    names = sorted(set(_telling(answer.json, 0)))
    return f"the program's inside: {', '.join(names[:4])}" if names else None


def inside(answer: Answer) -> str | None:
    """The inside of a program as above, or secrets of its people, in the answer of a route made for debugging."""
    found = debug(answer) or actuator(answer)
    return found or next((str(leak) for leak in leaks(answer, Known())), None)


FILES: Final = (
    Leftover("/.env", "a file of settings and secrets", environment),
    Leftover("/.git/HEAD", "the repository of its source", git_head),
    Leftover("/backup.sql", "a dump of its database", dump),
    Leftover("/.env.bak", "a copy of its settings and secrets", environment),
)
ROUTES: Final = (
    Leftover("/debug", "a route for debugging", debug),
    Leftover("/actuator/env", "Spring's actuator", actuator),
    Leftover("/debug/vars", "a route for debugging", debug),
    Leftover("/debug/pprof/", "a profiler", go_debug),
    Leftover("/phpinfo.php", "phpinfo()", php_info),
    Leftover("/server-status", "Apache's server status", server_status),
    Leftover("/_profiler", "a profiler", profiler),
    Leftover("/console", "a console", profiler),
)
BELOW_API: Final = (ROUTES[0],)
"""What is also asked for below the path that the API's routes have in common."""

_INSIDE: Final = re.compile(
    r"(?:process_?|os_?)?env(?:iron(?:ment)?(?:_?variables|_?vars)?)?|config|settings|configuration|mem_?stats|memory_?usage|argv|"
    r"cmdline|sys_?path|python_?path|stack(?:_?trace)?|traceback|sessions|sql(?:_?queries)?|database_?(?:url|uri|password)|"
    r"secret_?key|(?:app|jwt)_?secret|db_?(?:url|uri|pass(?:word)?)|routes|url_?map|loaded_?modules|threads",
    re.IGNORECASE,
)
_PLAIN_ENV: Final = frozenset({"PATH", "HOME", "HOSTNAME", "PWD", "LANG", "PYTHONPATH", "NODE_ENV", "JAVA_HOME"})


def _telling(document: Any, depth: int) -> list[str]:
    """Names in a document under which a program's inside stands: a group of values, or a secret that is one itself."""
    if not isinstance(document, Mapping) or depth > 2:
        return []
    found = [str(name) for name in document if name in _PLAIN_ENV]
    found = found if len(found) > 1 else []
    for name, value in document.items():
        secret = re.search(r"secret|password|database|db_?ur[il]", str(name), re.IGNORECASE)
        if _INSIDE.fullmatch(str(name)) and (
            (isinstance(value, Mapping | list) and value) or (secret and isinstance(value, str) and value.strip("*"))
        ):
            found.append(str(name))
        found += _telling(value, depth + 1)
    return found


def _is_page(answer: Answer) -> bool:
    """Whether an answer is a page for people, as a single-page application gives for every path."""
    return "html" in (answer.header("content-type") or "") and "<" in answer.text[:500]
