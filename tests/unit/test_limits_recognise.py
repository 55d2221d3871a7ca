"""What an answer to one more try means, beside the plain failure that was learnt first."""

import pytest

from pytest_launchready.core.answer import Answer
from pytest_launchready.core.exchange import Exchange
from pytest_launchready.mapping.extract import compile_extractor
from pytest_launchready.probes.limits.recognise import Baseline, shape


def exchange(status, text="", **headers):
    """One try and its answer."""
    pairs = tuple((name.replace("_", "-").lower(), value) for name, value in headers.items())
    return Exchange("POST", "https://shop.test/login", (), b"", 0.1, answer=Answer(status, pairs, text))


def means(plain, later, limited=None):
    """What a later answer means beside plain ones."""
    extractor = compile_extractor(limited) if limited else None
    return Baseline(tuple(plain), extractor, {}).read(later).means


WRONG = exchange(401, '{"error": "Invalid credentials"}')


@pytest.mark.parametrize(
    "text",
    [
        "Too many requests",
        "Rate limit exceeded",
        "Your account has been temporarily locked.",
        "Account locked. Contact support.",
        "Request was throttled. Expected available in 55 seconds.",
        "Too many failed login attempts. 0 attempts remaining.",
        "Maximum number of login attempts reached",
        "Please wait 30 seconds before trying again",
        "You have exceeded the number of allowed attempts",
        "Zu viele Anmeldeversuche",
        "Trop de tentatives, réessayez plus tard",
        "Demasiados intentos",
        "Muitas tentativas. Tente novamente mais tarde.",
        "Troppi tentativi",
        "Слишком много попыток",
        "登录尝试次数过多",
        "Please complete the CAPTCHA",
    ],
)
def test_a_limit_is_read_from_its_text_whatever_the_status(text):
    """Locks, throttles, captchas, in several languages, with the status of a plain failure."""
    assert means([WRONG], exchange(401, text)) == "limited"


@pytest.mark.parametrize(
    "text",
    [
        "Invalid credentials. 4 attempts left",
        "Wrong password. 1 attempt remaining before your account is locked",
        "Your account will be locked after 2 more failures",
        "Invalid credentials for user blocky",
    ],
)
def test_a_warning_is_no_limit(text):
    """It says how many tries there still are."""
    assert means([WRONG], exchange(401, text)) == "plain"


def test_words_that_every_failure_has_are_no_limit():
    """As the sentence that stands under every form."""
    same = "Wrong password. After too many tries we lock accounts."
    assert means([exchange(200, same)], exchange(200, same)) == "plain"


def test_scripts_and_hidden_parts_of_a_page_are_not_read():
    """Only what a person sees."""
    page = "<html><script>var text = 'too many tries'</script><!-- rate limit --><p>Wrong.</p></html>"
    assert means([exchange(200, "<p>Wrong.</p>")], exchange(200, page)) == "plain"


@pytest.mark.parametrize(
    ("later", "meaning"),
    [
        (exchange(429), "limited"),
        (exchange(403, "no", Retry_After="5"), "limited"),
        (exchange(503, "busy", Retry_After="5"), "limited"),
        (exchange(503, "busy"), "crashed"),
        (exchange(500, "oops"), "crashed"),
        (exchange(403, "no"), "changed"),
        (exchange(401, "something else"), "plain"),
    ],
)
def test_statuses_and_headers(later, meaning):
    """A server error is none that a limiter would give, unless it says when to come back."""
    assert means([WRONG], later) == meaning


def test_the_map_may_say_what_a_limit_looks_like():
    """Not so an expression that holds for plain failures too."""
    refusal = exchange(200, '{"errors": [{"code": "E17"}]}')
    plain = exchange(200, '{"errors": [{"code": "E01"}]}')
    assert means([plain], refusal, "errors[0].code == 'E17'") == "limited"
    assert means([plain], refusal, "errors") == "plain"


def test_no_answer_is_no_limit():
    """It may be anything."""
    silent = Exchange("POST", "https://shop.test/login", (), b"", 0.1, error="timed out")
    assert means([WRONG], silent) == "silent"


def test_a_shape_leaves_out_what_varies():
    """Ids, times, counters, tokens, addresses; not words, nor the status."""
    one = Answer(401, (), '{"error": "no such user ada@shop.test", "at": "2026-05-01T10:00:00Z", "left": 4}')
    two = Answer(401, (), '{"error": "no such user bob@shop.test", "at": "2026-05-02T11:30:05Z", "left": 3}')
    assert shape(one) == shape(two)
    assert shape(one) != shape(Answer(400, (), one.text))
    assert shape(one) != shape(Answer(401, (), "account locked"))
