"""What depends on time: expiry, limits, one-time codes. The market's own operations, with a clock that is set."""

import asyncio
from dataclasses import dataclass

import pytest

from pytest_launchready.demo.app import Setup, open_market
from pytest_launchready.demo.market import accounts, credentials, invites, passwords
from pytest_launchready.demo.market.limits import LIMITS, MOST_KEYS, Limiter
from pytest_launchready.demo.market.mail import MailFolder
from pytest_launchready.demo.market.passwords import otp_code, otp_step
from pytest_launchready.demo.market.problems import Problem

WHO = {"email": "ada@example.com", "password": "12345678x"}


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 1_700_000_000.0

    def __call__(self):
        """Seconds since 1970."""
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch):
    """Hashing at its lowest cost: these tests log in a hundred times."""
    monkeypatch.setattr(passwords, "N", 2)


@pytest.fixture
def market(tmp_path, clock):
    """A marketplace without a server, with one account."""
    opened = open_market(Setup(tmp_path, "admin@demo.example", "unused-password", session_seconds=60, clock=clock))
    run(accounts.signup(opened, WHO, "1.1.1.1"))
    yield opened
    opened.store.close()


def run(operation):
    async def main():
        return await operation

    return asyncio.run(main())


def log_in(market, address="1.1.1.1", **more):
    return run(accounts.login(market, {**WHO, **more}, "bearer", address))


def person(market):
    found = run(accounts.identify(market, log_in(market).token, "bearer"))
    assert found is not None
    return found


def refused(operation):
    with pytest.raises(Problem) as caught:
        run(operation)
    return caught.value


def test_a_session_expires(market, clock):
    """It is good to its last second, then gone; the next log-in clears it away."""
    session = log_in(market)
    assert session.seconds == 60
    clock.now += 59.9
    assert run(accounts.identify(market, session.token, "bearer"))
    clock.now += 0.1
    assert run(accounts.identify(market, session.token, "bearer")) is None
    log_in(market)
    assert market.store.number("SELECT count(*) FROM sessions") == 1


def test_failed_log_ins_lock_an_account_for_a_while(market, clock):
    """The ninth wrong password is 429, even a right one then; it says how long, and then it works again."""
    for _ in range(8):
        assert refused(accounts.login(market, {**WHO, "password": "wrong"}, "bearer", "1.1.1.1")).status == 401
    locked = refused(accounts.login(market, WHO, "bearer", "9.9.9.9"))
    assert (locked.status, locked.retry_after) == (429, 6)
    assert locked.detail == "Too many tries. Try again in 6 s."
    clock.now += 6
    assert log_in(market).token


def test_successful_log_ins_never_count(market):
    """A suite may log in as often as it likes."""
    for _ in range(LIMITS["login.account"].tries + 2):
        log_in(market)


def test_a_burst_in_parallel_meets_the_limit_too(market):
    """Tries count before their outcome is known."""

    async def burst():
        wrong = {**WHO, "password": "wrong"}
        tries = [accounts.login(market, wrong, "bearer", "1.1.1.1") for _ in range(12)]
        return await asyncio.gather(*tries, return_exceptions=True)

    statuses = sorted(problem.status for problem in asyncio.run(burst()))
    assert statuses == [401] * 8 + [429] * 4


def test_failed_log_ins_are_limited_per_address_as_well(market, monkeypatch):
    """One address cannot try one password on every account."""
    monkeypatch.setitem(LIMITS, "login.address", type(LIMITS["login.address"])(2, 60))
    for number in range(2):
        assert refused(_guess(market, number)).status == 401
    assert refused(_guess(market, 3)).status == 429


def _guess(market, number):
    return accounts.login(market, {"email": f"x{number}@example.com", "password": "p"}, "bearer", "6.6.6.6")


def test_wrong_current_passwords_count_as_failed_log_ins(market):
    """A stolen session is no way around the limit."""
    ada = person(market)
    for _ in range(8):
        assert refused(accounts.check_password(market, ada, "wrong")).status == 403
    assert refused(accounts.check_password(market, ada, WHO["password"])).status == 429


def test_resets_and_invites_are_limited(market):
    """Nobody's mailbox can be filled by us."""
    for _ in range(5):
        run(credentials.request_reset(market, {"email": WHO["email"]}, "1.1.1.1"))
    assert refused(credentials.request_reset(market, {"email": WHO["email"]}, "2.2.2.2")).status == 429
    ada = person(market)
    for _ in range(10):
        run(invites.create_invite(market, ada, {"email": "guest@example.com"}))
    assert refused(invites.create_invite(market, ada, {"email": "guest@example.com"})).status == 429


def test_wrong_reset_tokens_are_limited(market):
    """Tokens cannot be guessed."""
    wrong = {"token": "wrong", "password": "12345678y"}
    limit = LIMITS["reset_confirm.address"].tries
    for _ in range(limit):
        market.limiter.take("reset_confirm.address", "1.1.1.1")
    assert refused(credentials.confirm_reset(market, wrong, "1.1.1.1")).status == 429


def test_a_reset_token_expires(market, clock, tmp_path):
    """After half an hour it is worth nothing."""
    run(credentials.request_reset(market, {"email": WHO["email"]}, "1.1.1.1"))
    token = MailFolder(tmp_path / "mail").sent_to(WHO["email"])[0].text.partition("Your token: ")[2].split()[0]
    clock.now += credentials.RESET_SECONDS
    late = refused(credentials.confirm_reset(market, {"token": token, "password": "12345678y"}, "1.1.1.1"))
    assert (late.status, late.code) == (400, "bad_token")


def test_sign_ups_are_limited_generously(market):
    """600 a minute from one address, then 429."""
    for _ in range(LIMITS["signup.address"].tries - 1):
        market.limiter.take("signup.address", "1.1.1.1")
    assert refused(accounts.signup(market, {"email": "b@example.com", "password": "12345678"}, "1.1.1.1")).status == 429


def test_two_at_once_cannot_take_one_address(market):
    """The database decides, not the check before it."""
    new = {"email": "new@example.com", "password": "12345678"}

    async def both():
        tries = [accounts.signup(market, new, "1.1.1.1") for _ in range(2)]
        return await asyncio.gather(*tries, return_exceptions=True)

    first, second = asyncio.run(both())
    assert first.keys() == second.keys()
    assert first["id"] != second["id"]
    assert market.store.number("SELECT count(*) FROM users WHERE email = 'new@example.com'") == 1


def test_an_account_deleted_during_its_log_in_gets_no_session(market):
    """What happens while a password is checked is noticed."""

    async def race():
        login = asyncio.create_task(accounts.login(market, WHO, "bearer", "1.1.1.1"))
        await asyncio.sleep(0)
        market.store.change("DELETE FROM users WHERE email = ?", WHO["email"])
        return await asyncio.gather(login, return_exceptions=True)

    assert asyncio.run(race())[0].status == 401


def test_old_tries_are_forgotten(clock):
    """Made-up keys cannot fill the memory."""
    limiter = Limiter(clock)
    for number in range(MOST_KEYS):
        limiter.take("login.address", str(number))
    clock.now += 61
    limiter.take("login.address", "one more")
    assert len(limiter._tries) == 1


def test_giving_back_twice_is_harmless(clock):
    """A try is taken back once."""
    limiter = Limiter(clock)
    give_back = limiter.take("otp.account", "ada")
    clock.now += 1
    limiter.take("otp.account", "ada")
    give_back()
    give_back()
    for _ in range(4):
        limiter.take("otp.account", "ada")
    with pytest.raises(Problem):
        limiter.take("otp.account", "ada")


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_codes_are_those_of_the_standard(seconds, code):
    """RFC 6238, appendix B, SHA-1, last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert otp_code(secret, seconds // 30) == code
    for drift in (-30, 0, 30):
        assert otp_step(secret, code, seconds + drift) == seconds // 30
    assert otp_step(secret, code, seconds + 90) is None


class TestOneTimeCodes:
    """The second factor."""

    @pytest.fixture
    def secret(self, market):
        """Ada's, not confirmed yet."""
        begun = run(credentials.begin_otp(market, person(market)))
        assert begun["uri"].startswith("otpauth://totp/Launchready%20Demo:ada%40example.com?secret=")
        return begun["secret"]

    def code(self, secret, clock):
        """The code of the moment."""
        return otp_code(secret, int(clock.now // 30))

    def test_log_in_asks_for_a_code_once_they_are_on(self, market, clock, secret):
        """Not before a code was confirmed; then none is 401, a wrong one is 401, a right one works once."""
        ada = person(market)
        assert refused(credentials.confirm_otp(market, ada, {"otp": "000000x"})).code == "otp_wrong"
        code = self.code(secret, clock)
        run(credentials.confirm_otp(market, ada, {"otp": code}))
        assert refused(accounts.login(market, WHO, "bearer", "1.1.1.1")).code == "otp_required"
        assert refused(accounts.login(market, {**WHO, "otp": "abc"}, "bearer", "1.1.1.1")).code == "otp_wrong"
        assert log_in(market, otp=code).token
        assert refused(accounts.login(market, {**WHO, "otp": code}, "bearer", "1.1.1.1")).code == "otp_wrong"
        clock.now += 30
        assert log_in(market, otp=self.code(secret, clock)).account["otp_enabled"] is True

    def test_they_are_begun_and_confirmed_in_this_order(self, market, clock, secret):
        """No second secret while they are on, no confirming before there is one."""
        ada = person(market)
        run(credentials.confirm_otp(market, ada, {"otp": self.code(secret, clock)}))
        assert refused(credentials.begin_otp(market, ada)).code == "otp_enabled"
        assert refused(credentials.confirm_otp(market, ada, {"otp": "1"})).code == "otp_enabled"
        assert refused(credentials.disable_otp(market, ada, {"otp": "1"})).code == "otp_wrong"
        run(credentials.disable_otp(market, ada, {"otp": self.code(secret, clock)}))
        assert log_in(market).token
        assert refused(credentials.confirm_otp(market, ada, {"otp": "1"})).code == "otp_not_begun"

    @pytest.mark.usefixtures("secret")
    def test_guesses_are_limited(self, market):
        """The sixth wrong code is 429."""
        ada = person(market)
        for _ in range(5):
            assert refused(credentials.confirm_otp(market, ada, {"otp": "000000x"})).status == 401
        assert refused(credentials.confirm_otp(market, ada, {"otp": "000000x"})).status == 429
