"""What a failure costs the business: the words that tests, checks and reports share."""

from __future__ import annotations

IMPACTS = ("launch-blocked", "data-exposed", "mail-lost", "slow-core-flow", "trust-broken", "release-unsafe")
