"""What this team adds to the plugin: one fixture of its own."""

import pytest


@pytest.fixture
def lamp(seller):
    """A desk lamp for 25.00, new for each test."""
    return seller.create_listing(title="Desk lamp", price="25.00")
