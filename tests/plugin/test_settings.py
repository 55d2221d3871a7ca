"""Where settings come from, what the header says of them, and what is refused."""

import re

import pytest

from pytest_launchready.core.settings import SETTINGS

FLAGS = [setting for setting in SETTINGS if not setting.ini_only]


def test_the_header_names_target_run_seed_and_map(shop):
    """What is needed to speak about a run, or to repeat its names, is in the header."""
    shop(source="def test_it(): pass").stdout.fnmatch_lines(
        ["launchready: target shop (local) at http://shop.test, run lr????????, seed ??????, map launchready.toml"]
    )


@pytest.mark.parametrize("setting", FLAGS, ids=lambda setting: setting.name)
def test_every_setting_has_a_flag_in_the_help(pytester, setting):
    """`--help` shows the flag, and the environment and ini names that do the same."""
    text = " ".join(pytester.runpytest("--help").stdout.str().split())
    assert setting.flag in text
    assert f"(environment {setting.environment}, ini {setting.key})" in text


def test_flag_beats_environment_beats_ini(shop, pytester, monkeypatch):
    """The header says which of the three won."""
    pytester.makeini("[pytest]\nlaunchready_seed = 3\nasyncio_default_fixture_loop_scope = function\n")
    source = "def test_it(): pass"
    shop(source=source).stdout.fnmatch_lines(["launchready: *seed=3 (ini launchready_seed)*"])
    monkeypatch.setenv("LAUNCHREADY_SEED", "2")
    shop().stdout.fnmatch_lines(["launchready: *seed=2 (environment LAUNCHREADY_SEED)*"])
    shop("--launchready-seed=1").stdout.fnmatch_lines(["launchready: *seed=1 (flag --launchready-seed)*"])


def test_the_target_may_come_from_the_environment(pytester, shop, monkeypatch):
    """CI sets LAUNCHREADY_TARGET and runs plain pytest."""
    monkeypatch.setenv("LAUNCHREADY_TARGET", "shop")
    pytester.makepyfile("def test_it(buyer): assert buyer.account.id")
    result = pytester.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["launchready: target=shop (environment LAUNCHREADY_TARGET)*"])


def test_a_bad_number_is_a_usage_error(shop):
    """Name, what was got and what is allowed."""
    result = shop("--launchready-seed=many")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: flag --launchready-seed: got 'many', allowed: a whole number"])


def test_a_bad_switch_is_a_usage_error(pytester):
    """The ini switch takes true or false."""
    pytester.makeini("[pytest]\nlaunchready_required = perhaps\n")
    result = pytester.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: ini launchready_required: got 'perhaps', allowed: true or false"])


def test_without_a_target_the_fixtures_skip(pytester):
    """The plugin is inert: the reason says how to change that."""
    pytester.makepyfile("def test_it(buyer): assert False\ndef test_other(): pass")
    result = pytester.runpytest("-rs")
    result.assert_outcomes(skipped=1, passed=1)
    result.stdout.fnmatch_lines(["SKIPPED*no target: add --launchready-target=NAME (demo is always there)"])
    result.stdout.no_fnmatch_line("launchready:*")


def test_a_flag_without_a_target_is_a_usage_error(pytester):
    """A forgotten target must not be green."""
    result = pytester.runpytest("--launchready-seed=1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --launchready-seed needs a target: add --launchready-target=NAME*"])


def test_a_required_target_that_is_missing_is_a_usage_error(pytester):
    """Where the ini file says so, plain `pytest` cannot be green by accident."""
    pytester.makeini("[pytest]\nlaunchready_required = true\n")
    result = pytester.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: launchready_required is true and no target was given: add *LAUNCHREADY_TARGET"]
    )


def test_an_unknown_target_names_those_that_exist(shop):
    """A typo is met with the nearest target, and exit status 4."""
    result = shop("--launchready-target=shp")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*shp*shop*"])
    assert "Traceback" not in result.stderr.str()


def test_a_missing_map_is_a_usage_error(pytester):
    """The message names the file that was looked for."""
    result = pytester.runpytest("--launchready-target=prod")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*launchready.toml*"])
    assert "Traceback" not in result.stderr.str()


def test_the_map_may_live_in_pyproject(pytester, shop):
    """`[tool.launchready]` of pyproject.toml serves where there is no launchready.toml."""
    text = (pytester.path / "launchready.toml").read_text()
    (pytester.path / "launchready.toml").unlink()
    tables = re.sub(r"^\[(\w)", r"[tool.launchready.\1", text, flags=re.MULTILINE)
    (pytester.path / "pyproject.toml").write_text(tables)
    shop(source="def test_it(buyer): assert buyer.account.id").assert_outcomes(passed=1)


def test_another_map_may_be_given(pytester, shop):
    """`--launchready-config` is taken from where pytest is called."""
    (pytester.path / "launchready.toml").rename(pytester.mkdir("maps") / "other.toml")
    result = shop("--launchready-config=maps/other.toml", source="def test_it(buyer): assert buyer.account.id")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["launchready: *config=maps/other.toml (flag --launchready-config)*"])


def test_unknown_demo_defects_are_a_usage_error(pytester):
    """The message lists the defects there are, and the nearest."""
    result = pytester.runpytest("--launchready-target=demo", "--launchready-demo-defects=search-50")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: target demo: unknown demo defect 'search-50'; allowed: *Did you mean 'search-500'?"]
    )


def test_defects_are_for_the_demo_only(shop):
    """Defects on a real target would be a misunderstanding."""
    result = shop("--launchready-demo-defects=search-500")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --launchready-demo-defects is for the demo targets, not for 'shop'*"])
