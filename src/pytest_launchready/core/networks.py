"""Networks that a run can put itself on: how long a round trip takes, and how fast bytes travel each way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Network:
    """One phone's network."""

    name: str
    round_trip: float
    """Seconds."""
    down: float
    up: float
    """Bits a second."""

    def __str__(self) -> str:
        """Its numbers in a few words, for the header."""
        down, up = self.down / 1000, self.up / 1000
        return f"{self.name}: {self.round_trip * 1000:g} ms a round trip, {down:,g} kbit/s down, {up:,g} kbit/s up"

    def seconds(self, sent: int, received: int, *, connects: bool = False, handshakes: int = 0) -> float:
        """How long one request takes on it, by the book, beside what the server takes."""
        trips = 1 + connects + handshakes
        return trips * self.round_trip + sent * 8 / self.up + received * 8 / self.down


NETWORKS = {
    network.name: network
    for network in (
        Network("lte", 0.07, 12_000_000, 12_000_000),
        Network("4g", 0.17, 9_000_000, 9_000_000),
        Network("slow-4g", 0.15, 1_638_400, 750_000),
        Network("3g", 0.3, 1_600_000, 768_000),
        Network("slow-3g", 0.4, 400_000, 400_000),
    )
}
"""The values in common use by page-speed tools; `slow-4g` is the mobile preset of Lighthouse."""
