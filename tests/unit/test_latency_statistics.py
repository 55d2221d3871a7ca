"""What so many samples show: computed exactly, and tried on simulated services."""

import random

import pytest

from pytest_launchready.core.errors import UseError
from pytest_launchready.probes.latency.judging import said
from pytest_launchready.probes.latency.samples import Sample
from pytest_launchready.probes.latency.schedule import MEDIAN, P95, Every, Once, once
from pytest_launchready.probes.latency.series import Series
from pytest_launchready.probes.latency.statistics import (
    allowed,
    interval,
    most_share,
    needed,
    quantile,
    slope,
    too_many,
)

RUNS = 300


def outcomes(rule, share):
    """The probability of each decision for a service of which such a share is slow: every way that samples can go."""
    alive, decided = {0: 1.0}, {"passed": 0.0, "failed": 0.0}
    for n in range(1, rule.cap + 1):
        following = {}
        for slow, weight in alive.items():
            for more, chance in ((0, 1 - share), (1, share)):
                decision = rule.decide(n, slow + more)
                if decision:
                    decided[decision] += weight * chance
                else:
                    following[slow + more] = following.get(slow + more, 0.0) + weight * chance
        alive = following
    return decided


@pytest.mark.parametrize("rule", [P95, MEDIAN], ids=["p95", "median"])
def test_a_service_that_sits_on_its_limit_is_misjudged_in_one_run_of_twenty_at_most(rule):
    """Wrong passes and wrong failures are each at most 5 %, all looks together, by exact enumeration."""
    found = outcomes(rule, rule.share)
    assert found["passed"] <= 0.05
    assert found["failed"] <= 0.05


def test_the_p95_schedule_has_the_error_rates_that_the_page_states():
    """3.5 % wrong passes, 2.7 % wrong failures; a service with 1 % slow calls passes 99.8 % of its runs."""
    assert [round(outcomes(P95, 0.05)[name], 3) for name in ("passed", "failed")] == [0.035, 0.027]
    assert [round(outcomes(P95, share)["passed"], 3) for share in (0.01, 0.02, 0.03)] == [0.998, 0.863, 0.443]
    assert [round(outcomes(P95, share)["failed"], 2) for share in (0.06, 0.08, 0.12)] == [0.13, 0.65, 1.0]


@pytest.mark.parametrize("share", [0.05, 0.5])
@pytest.mark.parametrize("n", [59, 60, 86, 200, 333])
def test_one_look_errs_in_one_run_of_twenty_at_most(n, share):
    """Whatever number of samples was settled beforehand."""
    found = outcomes(Once(share, n), share)
    assert max(found.values()) <= 0.05


def test_the_numbers_of_samples_are_those_of_the_page():
    """59 for a p95, 299 for an error rate of 1 %, 598 for an availability of 99.5 %."""
    assert [needed(slow, 0.05) for slow in (0, 1, 2, 3, 4, 5, 8, 10)] == [59, 93, 124, 153, 181, 208, 286, 336]
    assert [needed(slow, 0.05, 0.1) for slow in (0, 1, 2)] == [45, 77, 105]
    assert [needed(slow, 0.01) for slow in (0, 1, 2)] == [299, 473, 628]
    assert needed(0, 0.005) == 598
    assert [too_many(n, 0.05) for n in (10, 20, 30, 50, 100, 200, 500)] == [3, 4, 5, 6, 10, 16, 34]
    assert [allowed(n, 0.05) for n in (58, 59, 92, 93, 336)] == [-1, 0, 0, 1, 10]


def test_the_interval_of_a_p95_is_between_two_ranks():
    """And has no upper end where so few samples have none."""
    assert [interval(n, 0.95) for n in (100, 200, 500)] == [(90, 100), (184, 197), (465, 485)]
    assert interval(50, 0.95)[1] is None


def test_a_quantile_is_one_of_the_values():
    """The nearest rank, never a mean of two: of twenty values the 19th is the p95."""
    values = list(range(1, 21))
    assert (quantile(values, 0.5), quantile(values, 0.95), quantile(values, 1.0)) == (10, 19, 20)
    assert quantile([7], 0.95) == 7


def test_the_share_that_is_not_ruled_out():
    """Three in n, where none of n is slow; all, where all are, or nothing was seen."""
    assert most_share(0, 300) == pytest.approx(0.00994, abs=1e-4)
    assert (most_share(3, 3), most_share(0, 0)) == (1.0, 1.0)


def test_a_slope_has_an_error():
    """None of it for points on a line; no idea for two of them."""
    assert slope([1, 2, 3], [2, 4, 6]) == (2.0, pytest.approx(0.0))
    assert slope([1, 2], [2, 4])[1] == float("inf")


def test_too_few_samples_are_refused_with_the_number_that_is_needed():
    """Ten samples show no p95 at all, whatever they are."""
    with pytest.raises(UseError) as caught:
        once(10, 0.05, "a p95")
    assert str(caught.value) == (
        "samples=10 cannot show a p95: even if none of 10 is slow, more than 5% of all may be. "
        "At least 59 are needed (none may be slow then), 93 where one may be, 124 where two may be; "
        "without samples= it takes as many as it needs"
    )
    assert once(59, 0.05, "a p95") == Once(0.05, 59)


def test_a_hopeless_service_is_not_asked_for_long():
    """Four slow ones of the first ten decide, whenever they come; slow ones stay slow."""
    series = Series(P95, 0.3)
    for _ in range(4):
        series.add(Sample(0.8))
    assert (series.decision, series.n) == ("failed", 4)


def test_of_a_few_calls_no_p95_is_told():
    """It would be the longest of them: only a bound from below is known, until there are twenty."""
    series = Series(P95, 0.3)
    for number in range(19):
        series.add(Sample(0.1 + number / 1000))
    assert "p50 109 ms, p95 at least 11" in said(series)
    series.add(Sample(0.1))
    assert "p95 117 ms (95 % interval 115 ms to no upper bound)" in said(series)


def test_every_fails_at_the_first_slow_call():
    """And passes only when all have been seen."""
    assert (Every(3).decide(2, 0), Every(3).decide(3, 0), Every(3).decide(1, 1)) == (None, "passed", "failed")


# Services by a function: the chooser of random numbers, and the number of the call → seconds.
FAST, SLOW = 0.05, 0.5


def share_slow(share):
    return lambda chance, _: SLOW if chance.random() < share else FAST


def bimodal(share):
    """Two humps: most calls from a cache, others not; and both spread."""
    return lambda chance, _: chance.lognormvariate(-0.5, 0.1) if chance.random() < share else chance.gauss(0.05, 0.01)


def drifting(chance, number):
    """6 % slow on the whole: few at first, more and more later."""
    return SLOW if chance.random() < 0.12 * number / 390 else FAST


def stalling(chance, number):
    """Stands still for a moment now and then: 12 % of the calls fall into one."""
    return SLOW if (number // 6 + chance.randrange(2)) % 8 == 0 else FAST


SERVICES = {
    "1 %": (share_slow(0.01), "failed"),
    "3 %": (share_slow(0.03), "failed"),
    "5 %": (share_slow(0.0501), "passed"),
    "6 %": (share_slow(0.06), "passed"),
    "12 %": (share_slow(0.12), "passed"),
    "two humps, 2 %": (bimodal(0.02), "failed"),
    "two humps, 8 %": (bimodal(0.08), "passed"),
    "stalling": (stalling, "passed"),
}


@pytest.mark.parametrize("name", SERVICES)
def test_wrong_verdicts_on_simulated_services_are_rare(name):
    """At most 5 % of the runs, however they are distributed: no slow one passes, no quick one fails."""
    service, wrong = SERVICES[name]
    chance = random.Random(20261124)
    mistakes = 0
    for _ in range(RUNS):
        decision, slow, number = None, 0, 0
        while decision is None and number < P95.cap:
            slow += service(chance, number) > 0.3
            number += 1
            decision = P95.decide(number, slow)
        mistakes += decision == wrong
    assert mistakes <= RUNS * 0.05


def test_a_service_that_gets_slower_is_not_passed_for_its_good_start_more_often_than_that_start_deserves():
    """Of a drifting one only what was sampled is judged: by then 1 % was slow, and the page says so."""
    chance = random.Random(1)
    early = sum(drifting(chance, number) > 0.3 for _ in range(100) for number in range(86)) / 8600
    assert early < 0.02


def test_a_lag_of_ours_decides_nothing_and_hides_nothing():
    """A call that only our own standing still made slow is left out and counted; one that was slow anyway counts."""
    series = Series(P95, 0.3)
    series.add(Sample(0.31, lag=0.05))
    series.add(Sample(0.9, lag=0.05))
    series.add(Sample(0.02, lag=0.05))
    series.add(Sample(0.02, lag=0.001))
    assert (series.n, series.slow, series.disturbed, series.left_out) == (3, 1, 3, 1)


def test_long_calls_meet_a_lag_more_often_and_are_not_left_out_for_it():
    """A tenth of all calls is slow and each of those meets a lag: the service fails all the same."""
    series, number = Series(P95, 0.3), 0
    while series.open:
        series.add(Sample(0.8, lag=0.03) if number % 10 == 0 else Sample(0.02))
        number += 1
    assert series.decision == "failed"
