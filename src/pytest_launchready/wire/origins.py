"""Origins, compared after parsing and never by prefix."""

from __future__ import annotations

import httpx

Origin = tuple[str, str, int]
PORTS = {"http": 80, "https": 443}


def origin_of(url: httpx.URL | str) -> Origin:
    """Scheme, host in its ASCII form and port of a URL; raises ValueError for one that is not http or https."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from None
    if parsed.scheme not in PORTS or not parsed.host:
        raise ValueError(f"{str(url)!r} is not an http or https URL")
    if parsed.userinfo:
        raise ValueError(f"{parsed.copy_with(userinfo=b'')!s} was given with user and password in front of its host")
    return parsed.scheme, parsed.raw_host.decode("ascii").rstrip("."), parsed.port or PORTS[parsed.scheme]


PAYMENT_HOSTS = (
    *("stripe.com", "paypal.com", "adyen.com", "adyenpayments.com", "braintreegateway.com", "braintree-api.com"),
    *("mollie.com", "klarna.com", "checkout.com", "squareup.com", "worldpay.com", "authorize.net", "razorpay.com"),
    *("2checkout.com", "paddle.com", "gocardless.com", "sumup.com", "payu.com", "mercadopago.com", "cybersource.com"),
)
"""Payment services: a test run has no business with them, whatever the map says."""


def takes_payments(origin: Origin) -> bool:
    """Whether an origin is a known payment service, or below one."""
    return origin[1] in PAYMENT_HOSTS or origin[1].endswith(tuple(f".{host}" for host in PAYMENT_HOSTS))


def shown(origin: Origin) -> str:
    """The origin as people write it."""
    scheme, host, port = origin
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" + ("" if PORTS[scheme] == port else f":{port}")
