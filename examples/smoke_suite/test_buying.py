"""The flow that earns the money."""

import pytest


@pytest.mark.launchready(impact="launch-blocked")
def test_a_stranger_can_buy(seller, buyer):
    """From a new listing to a paid order, as two people would."""
    lamp = seller.create_listing(title="Desk lamp", price="25.00")
    buyer.wait_until_found(lamp)
    order = buyer.checkout(lamp)
    assert order.total == lamp.price


async def test_an_order_is_listed(buyer, order):
    """A buyer finds the order again, with its total."""
    orders = await buyer.list_orders()
    assert order in orders
    again = await buyer.get_order(order)
    assert again.total == order.total


@pytest.mark.launchready(requires=("send_message", "list_messages"))
async def test_a_message_arrives(buyer, seller, lamp):
    """What a buyer writes, the seller reads."""
    sent = await buyer.send_message(lamp, "Does it come with a bulb?")
    texts = [message.text for message in await seller.list_messages(lamp)]
    assert sent.text in texts


def test_the_shop_window_answers(anonymous, target):
    """The web page that visitors see first is there."""
    if target.web is None:
        pytest.skip("the map names no web page")
    page = anonymous.get(target.web)
    assert page.status_code == 200
    assert "html" in page.headers["content-type"]
