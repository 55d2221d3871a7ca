"""What a session does about the journals that it finds."""

import json

PASSES = """
    def test_passes():
        pass
"""


def leave_journal(folder, **head):
    """A journal whose process is gone."""
    path = folder / ".launchready" / "journal" / "lrabcdefgh.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"launchready": 1, "run": "lrabcdefgh", **head}) + "\n")
    return path


def test_a_read_only_run_sweeps_nothing_and_says_so(shop, pytester):
    """To undo is to write."""
    path = leave_journal(pytester.path, target="shop", api="http://shop.test")
    result = shop("--launchready-read-only", source=PASSES)

    result.stdout.fnmatch_lines(
        ["launchready: journals of killed runs are left as they are: this run is --launchready-read-only"]
    )
    assert path.exists()


def test_a_finished_journal_is_cleared_by_the_next_run(shop, pytester):
    """A run that was killed after it had undone everything leaves nothing to send."""
    path = leave_journal(pytester.path, target="shop", api="http://shop.test")
    result = shop(source=PASSES)

    result.stdout.fnmatch_lines(["launchready: finished what a killed run left: run lrabcdefgh: 0 objects undone"])
    assert not path.exists()


def test_a_list_of_tests_sweeps_nothing(shop, pytester):
    """Collecting contacts nobody."""
    path = leave_journal(pytester.path, target="shop", api="http://shop.test")
    shop("--collect-only", source=PASSES)
    assert path.exists()


def test_the_journal_of_another_target_is_left_alone(shop, pytester):
    """Ids mean something on their own marketplace only."""
    path = leave_journal(pytester.path, target="shop", api="http://elsewhere.test")
    assert "finished what" not in shop(source=PASSES).stdout.str()
    assert path.exists()


def test_the_journal_of_a_demo_goes_with_its_demo(pytester):
    """A demo ends with its run, and all that was made goes with it."""
    path = leave_journal(pytester.path, target="demo", api="http://127.0.0.1:9")
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(PASSES)
    pytester.runpytest("--launchready-target=demo", "-p", "no:cacheprovider").assert_outcomes(passed=1)
    assert not path.exists()
