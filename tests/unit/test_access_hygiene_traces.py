"""Stack traces, debug pages and leftovers: what proves them, and what does not."""

import json

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.probes.access.hygiene import leftovers
from pytest_launchready.probes.access.traces import trace_in

PYTHON = 'Traceback (most recent call last):\n  File "/srv/app/views.py", line 7, in get\nKeyError: 1'


def answer(body, kind="application/json", status=500):
    """An answer with this body."""
    return Answer(status, (("content-type", kind),), body if isinstance(body, str) else json.dumps(body))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (PYTHON, "a Python stack trace"),
        ({"error": PYTHON}, "a Python stack trace"),
        (f"<pre>{PYTHON.replace(chr(34), '&quot;')}</pre>", "a Python stack trace"),
        (
            {"stack": "TypeError: x\n    at Layer.handle (/app/node_modules/express/lib/router/layer.js:95:5)"},
            "a Node.js",
        ),
        ({"stacktrace": ["Error: x", "    at resolve (/app/execute.js:503:9)"]}, "a Node.js"),
        ("Error<br> &nbsp; &nbsp;at /app/src/index.js:3:1", "a Node.js"),
        ("java.lang.NullPointerException: null\n\tat com.acme.Shop.get(Shop.java:12)", "a Java stack trace"),
        ({"trace": "org.x.FooException\n\tat org.x.Foo.bar(Foo.kt:9)\n"}, "a Java stack trace"),
        ("#0 /var/www/html/index.php(12): App->run()", "a PHP stack trace"),
        ("<b>Fatal error</b>: Uncaught Error in <b>/var/www/a.php</b> on line <b>3</b>", "a PHP stack trace"),
        ("app/controllers/ads_controller.rb:14:in `index'", "a Ruby stack trace"),
        ("   at Acme.Api.Get(Int32 id) in C:\\src\\Api.cs:line 42", "a .NET stack trace"),
        ("goroutine 19 [running]:\nmain.main()", "a Go stack trace"),
        ("You're seeing this error because you have <code>DEBUG = True</code>", "Django's debug page"),
        ("<title>KeyError // Werkzeug Debugger</title>", "the Werkzeug debugger"),
        ('{"message": "x", "exception": "Illuminate\\\\Database\\\\QueryException", "file": "/app/x"}', "Laravel's"),
        ("<title>Action Controller: Exception caught</title>", "Rails' debug page"),
        ({"error": "SQLSTATE[42000]: Syntax error"}, "an error text of the database"),
        ({"error": 'ERROR: syntax error at or near "x"'}, "an error text of the database"),
    ],
)
def test_the_inside_of_a_program_is_recognised(body, what):
    """As text, in HTML, in JSON; of every common framework."""
    found = trace_in(answer(body))
    assert found is not None, body
    assert found[0].startswith(what)


@pytest.mark.parametrize(
    "body",
    [
        {"error": "Internal Server Error"},
        {"type": "about:blank", "title": "Bad request", "detail": "The body is not valid JSON."},
        "<h1>Whitelabel Error Page</h1><p>This application has no explicit mapping for /error</p>",
        {"detail": [{"loc": ["body", "price"], "msg": "value is not a valid decimal", "type": "type_error.decimal"}]},
        {"error": "Meet me at the corner at 10:30:15, in room 4"},
        {"timestamp": "2026-11-24T10:00:00Z", "status": 500, "path": "/api/x", "trace": None},
        "<h1>Server Error (500)</h1>",
        {"message": "Unexpected token } in JSON at position 12"},
        {"error": "syntax error in your search"},
    ],
)
def test_an_ordinary_error_is_no_stack_trace(body):
    """The default pages of frameworks in production, messages of validators, times and sentences."""
    assert trace_in(answer(body)) is None


@pytest.mark.parametrize(
    ("proof", "body", "kind", "said"),
    [
        ("environment", "# x\nSECRET_KEY=abc\nDEBUG=0\n", "text/plain", "SECRET_KEY"),
        ("environment", "APP_ENV=production\n\nexport DB_HOST = x\n", "text/plain", "2 settings"),
        ("git_head", "ref: refs/heads/main\n", "text/plain", "ref: refs/heads/main"),
        ("git_head", "a" * 40, "text/plain", "aaaa"),
        ("dump", "-- MySQL dump 10.13\n", "application/sql", "-- MySQL dump"),
        ("actuator", {"propertySources": [{"name": "x"}]}, "application/json", "1 sources"),
        ("php_info", "<title>PHP 8.2.1 - phpinfo()</title>", "text/html", "phpinfo"),
        ("server_status", "<h1>Apache Server Status for x</h1>", "text/html", "Apache"),
        ("go_debug", {"cmdline": ["x"], "memstats": {}}, "application/json", "Go program"),
        ("debug", {"config": {"db": "x"}}, "application/json", "config"),
        ("debug", {"environ": {"PATH": "/bin"}}, "application/json", "environ"),
        ("debug", {"settings": {"A": 1}, "secret_key": "abc"}, "application/json", "secret_key"),
        ("debug", {"PATH": "/bin", "HOME": "/root"}, "application/json", "HOME"),
        ("profiler", "<title>Symfony Profiler</title>", "text/html", "Symfony"),
    ],
)
def test_a_leftover_is_proved_by_its_content(proof, body, kind, said):
    """By lines, marks and names that only it has."""
    assert said in str(getattr(leftovers, proof)(answer(body, kind, 200)))


SPA = "<!doctype html><html><head><title>Shop</title></head><body><div id=root></div></body></html>"


@pytest.mark.parametrize("one", [*leftovers.FILES, *leftovers.ROUTES], ids=lambda one: one.path)
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (SPA, "text/html"),
        ("ok", "text/plain"),
        ("", "text/plain"),
        ({"error": "not found", "path": "/x"}, "application/json"),
        ({"debug": False, "status": "ok", "config": None}, "application/json"),
        ({"message": "config of the shop", "settings": "none"}, "application/json"),
    ],
    ids=["page", "word", "empty", "refusal", "status", "sentence"],
)
def test_an_answer_to_every_path_proves_nothing(one, body, kind):
    """Single-page applications and soft 404s answer 200 to everything."""
    assert one.proof(answer(body, kind, 200)) is None
