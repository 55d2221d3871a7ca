"""One-time codes over the web, in all three dialects."""

import time

from pytest_launchready.demo.market.passwords import otp_code


def test_an_account_can_have_a_second_factor(shop):
    """Begun, confirmed, asked for at log-in, switched off."""
    person = shop.person()
    secret = person.do("begin_otp")["secret"]
    code = otp_code(secret, int(time.time() // 30))
    assert person.do("confirm_otp", otp=code).ok
    assert person.do("me")["otp_enabled"] is True
    assert person.login().status == 401
    assert person.login(otp=code).ok
    assert person.login(otp=code).status == 401
    assert person.do("disable_otp", otp=otp_code(secret, int(time.time() // 30) + 1)).ok
    assert person.login().ok
