"""Nobody reaches what is not theirs, and nobody tries as often as they like."""

import pytest


@pytest.mark.launchready(impact="data-exposed", requires=("order",))
def test_an_order_is_its_buyers_alone(order, assert_private):
    """Neither a stranger, nor a visitor, nor an ended session reads or changes it."""
    assert_private(order)


@pytest.mark.launchready(impact="trust-broken", requires=("request_reset",))
def test_nobody_floods_an_inbox(assert_rate_limited):
    """A sixth reset for one account is refused, whatever headers come with it."""
    assert_rate_limited("request_reset", within=5)
