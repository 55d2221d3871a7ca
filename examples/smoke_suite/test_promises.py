"""What phones rely on: answers that come in time, in the shape that was promised."""

import pytest


@pytest.mark.launchready(impact="slow-core-flow", requires=("get_listing",))
async def test_a_listing_opens_quickly(anonymous, lamp, assert_p95_under):
    """Nineteen of twenty visitors wait for less than 300 ms, shown by as many samples as that takes."""
    await assert_p95_under(300, anonymous.get_listing, lamp)


@pytest.mark.launchready(impact="launch-blocked", requires=("get_listing",))
def test_a_listing_keeps_its_contract(anonymous, lamp, assert_contract):
    """Its price has the type that it always had, and no field is gone."""
    assert_contract(anonymous.get_listing(lamp), "get_listing")
