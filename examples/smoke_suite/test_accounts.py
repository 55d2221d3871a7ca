"""People can get in, and only with their own password."""

import pytest

from pytest_launchready import StepFailure


def test_a_visitor_can_sign_up(anonymous):
    """Sign-up gives an account of its own."""
    account = anonymous.signup()
    assert account.email


def test_two_people_have_two_accounts(buyer, stranger):
    """Nobody is handed somebody else's account."""
    assert buyer.account.id != stranger.account.id


async def test_people_can_log_out_and_in_again(marketplace):
    """A session ends, and a new one begins."""
    visitor = await marketplace.new_actor(role="buyer")
    await visitor.logout()
    account = await visitor.login()
    assert account.id == visitor.account.id


def test_a_wrong_password_opens_nothing(marketplace):
    """Log-in refuses a password that is not the account's."""
    visitor = marketplace.new_actor()
    with pytest.raises(StepFailure, match="login failed"):
        visitor.login(password="not-the-password-1A")
