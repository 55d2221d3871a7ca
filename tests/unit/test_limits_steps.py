"""Which steps have to have a limit, by the words and by what they send; and how often they are tried."""

import pytest

from pytest_launchready.mapping.load import load_map
from pytest_launchready.probes.limits.batch import aliased
from pytest_launchready.probes.limits.family import checks
from pytest_launchready.probes.limits.steps import kind_of, plan_of, plans
from pytest_launchready.probes.limits.trying import wrong_passwords
from pytest_launchready.probes.subject import Subject

LOGIN = 'json = { email = "{{ account.email }}", password = "{{ account.password }}" }\ncapture = { id = "id" }'
MAIL = 'json = { email = "{{ account.email }}" }'
CODE = 'json = { code = "{{ code }}" }'


@pytest.fixture
def mapped(tmp_path):
    """A function: steps as text → the map."""

    def load(text):
        path = tmp_path / "launchready.toml"
        path.write_text(f'[targets.here]\nkind = "local"\napi = "http://127.0.0.1:1"\n{text}')
        return load_map(path, "here", environ={})

    return load


@pytest.mark.parametrize(
    ("name", "request_line", "body", "kind"),
    [
        ("login", "POST /x", LOGIN, "login"),
        ("sign_in", "POST /x", LOGIN, "login"),
        ("enter", "POST /api/v1/auth/signin", LOGIN, "login"),
        ("enter", "POST /sessions", LOGIN, "login"),
        ("get_token", "POST /oauth/token", LOGIN, "other"),
        ("new_token", "POST /oauth/token", LOGIN, "login"),
        ("make_token", "POST /tokens", MAIL, "other"),
        ("signup", "POST /x", LOGIN, "signup"),
        ("join_us", "POST /accounts/registration", LOGIN, "signup"),
        ("request_reset", "POST /x", MAIL, "reset"),
        ("forgotPassword", "POST /x", MAIL, "reset"),
        ("lost", "POST /account/recover", MAIL, "reset"),
        ("reset_cart", "POST /cart/reset", "", "other"),
        ("confirm_reset", "POST /x", 'json = { token = "{{ token }}", email = "{{ account.email }}" }', "other"),
        ("verify_code", "POST /x", CODE, "otp"),
        ("second", "POST /login/2fa", CODE, "otp"),
        ("checkTotp", "POST /x", 'json = { otp = "{{ otp }}" }', "otp"),
        ("request_otp", "POST /otp", MAIL, "other"),
        ("enable_2fa", "POST /2fa", CODE, "other"),
        ("create_invite", "POST /invites", MAIL, "invite"),
        ("delete_invite", "DELETE /invites/1", "", "other"),
        ("add_photo", "POST /photos", 'multipart = { photo = "{{ png }}" }', "upload"),
        ("list_photos", "GET /photos", "", "other"),
        ("find", "GET /search", "", "other"),
    ],
)
def test_steps_are_known_by_their_words_and_by_what_they_send(mapped, name, request_line, body, kind):
    """In several spellings, in the name or the address; never by a word alone."""
    loaded = mapped(f'[steps.{name}]\nrequest = "{request_line}"\n{body}\n')
    assert kind_of(loaded, loaded.steps[name]) == kind


@pytest.mark.parametrize(("declared", "most"), [(3, 5), (10, 12), (20, 22), (50, 55), (100, 110)])
def test_a_tenth_more_than_declared_is_tried_at_least_two(mapped, declared, most):
    """A limit may lie a little above what the team says."""
    loaded = mapped(f'[steps.login]\nrequest = "POST /x"\n{LOGIN}\n[limits.login]\nwithin = {declared}\n')
    assert plan_of(loaded, "login").most == most


def test_log_ins_come_last(mapped):
    """A limit by address would keep the others' people out."""
    text = f'[steps.login]\nrequest = "POST /x"\n{LOGIN}\n[steps.forgot]\nrequest = "POST /y"\n{MAIL}\n'
    assert [plan.name for plan in plans(mapped(text))] == ["forgot", "login"]


def test_every_step_has_four_checks_and_recoveries_come_last(mapped):
    """All in the phase for what uses limits up; each says what it sends at most."""
    text = f'[steps.login]\nrequest = "POST /x"\n{LOGIN}\n[steps.forgot]\nrequest = "POST /y"\n{MAIL}\n'
    found = list(checks(Subject(mapped(text))))
    assert [check.id for check in found] == [
        *("limits.forgot", "limits.forgot.isolation", "limits.forgot.bypass"),
        *("limits.login", "limits.login.isolation", "limits.login.bypass"),
        *("limits.forgot.recovery", "limits.login.recovery"),
    ]
    assert {check.phase for check in found} == {1}
    assert next(check for check in found if check.id == "limits.login").requests > 110


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            f'[steps.use_coupon]\nrequest = "POST /x"\n{CODE}\n[limits.use_coupon]\nwithin = 5\n',
            "use_coupon: [limits.use_coupon] values has to say what code is at each try",
        ),
        (
            f'[steps.signup]\nrequest = "POST /x"\n{LOGIN}\n',
            "signup: no limit is declared ([limits.signup] within), and looking for one makes accounts",
        ),
        (
            f'[steps.signup]\nrequest = "POST /x"\n{LOGIN}\n[limits.signup]\nwithin = 100\n',
            "signup: 110 accounts would be made, at most 30 are",
        ),
    ],
)
def test_what_cannot_be_tried_says_why(mapped, text, reason):
    """And what to write to have it tried."""
    assert {check.absent for check in checks(Subject(mapped(text)))} == {reason}


def test_a_wrong_password_looks_like_the_right_one():
    """A letter for a letter, a digit for a digit, so that it is the password that is refused and not its form."""
    right = "Abc-123xyz"
    tries = wrong_passwords(right)
    some = [next(tries) for _ in range(20)]
    assert right not in some
    assert len(set(some)) == 20
    assert all(one[0].isupper() and one[3] == "-" and one[4:7].isdigit() and len(one) == len(right) for one in some)


@pytest.mark.parametrize(
    ("document", "batched"),
    [
        (
            "mutation ($e: String!) { reset(email: $e) }",
            "mutation ($e: String!) { lr0: reset(email: $e) lr1: reset(email: $e) }",
        ),
        (
            "mutation Go { x: login(input: {a: 1}) { token } }",
            "mutation Go { lr0: login(input: {a: 1}) { token } lr1: login(input: {a: 1}) { token } }",
        ),
        ("mutation { a(x: 1) b(x: 2) }", None),
        ("subscription", None),
    ],
)
def test_a_document_of_one_field_is_repeated_under_other_names(document, batched):
    """With its arguments and its selection; one of several fields is left alone."""
    assert aliased(document, 2) == batched
