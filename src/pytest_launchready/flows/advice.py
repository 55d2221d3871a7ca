"""What to change or where to look, by the layer that failed."""

from __future__ import annotations

from pytest_launchready.mapping.records import Map


def advice(layer: str | None, step: str, key: str | None, mapped: Map) -> str:
    """One sentence for the person who has to act."""
    where = f"targets.{mapped.target.name}.api ({mapped.target.api})"
    mapped_key = key if key is not None and key.startswith("auth.") else f"steps.{step}.{key}"
    by_layer = {
        "DNS": f"the host name did not resolve: check {where} and the DNS records",
        "connect": f"nothing accepts connections there: is the service up, and is {where} right?",
        "TLS": "the TLS handshake failed: check certificate, chain, name and expiry",
        "timeout": "the service did not answer in time: look at its load and its slowest dependency",
        "transport": "the connection broke before a whole answer: look for crashes and proxy limits",
        "protocol": "what answers there breaks HTTP: is it the right port, and what writes the answer?",
        "bounds": "make the answer smaller, or raise the bound in the fixture launchready_client_args",
        "redirect": "compare the Location headers on the way with the addresses in the map",
        "edge": "a gateway answered for the application: look at the proxy, the upstream and the last deploy",
        "auth": f"the session was refused: check [auth] and who acts in steps.{step} ({mapped.source})",
        "rate limit": "wait for the limit to end, or give this suite an allowance",
        "application": "the application failed: find the request in its log by the header x-launchready-run",
        "contract": f"the answer has changed shape, or {mapped_key} in {mapped.source} is wrong"
        if key
        else "correct the answer: strict clients cannot read it",
    }
    return by_layer.get(layer or "", f"the answer says why; compare it with steps.{step} in {mapped.source}")
