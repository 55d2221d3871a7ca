"""Settings: one table, one order, and messages that name the setting."""

import pytest

from pytest_launchready.core.settings import SETTINGS, Setting, Settings, Value, resolve


def resolved(flags=None, environ=None, ini=None):
    return resolve((flags or {}).get, environ or {}, (ini or {}).get)


def test_names_derive_from_one_name():
    """Flag, variable and key are spelled from the setting's name."""
    defects = next(setting for setting in SETTINGS if setting.name == "demo-defects")

    assert defects.flag == "--launchready-demo-defects"
    assert defects.environment == "LAUNCHREADY_DEMO_DEFECTS"
    assert defects.key == "launchready_demo_defects"


def test_flag_before_environment_before_ini_before_default():
    """The first that is given wins, and says where it came from."""
    flags, environ, ini = {"launchready_seed": "1"}, {"LAUNCHREADY_SEED": "2"}, {"launchready_seed": "3"}

    assert [
        (settings.get("seed"), settings.values["seed"].origin)
        for settings in (resolved(flags, environ, ini), resolved({}, environ, ini), resolved({}, {}, ini), resolved())
    ] == [
        (1, "flag --launchready-seed"),
        (2, "environment LAUNCHREADY_SEED"),
        (3, "ini launchready_seed"),
        (None, "default"),
    ]


def test_an_empty_value_is_not_given():
    """An empty variable, as CI systems set for an absent secret, is no value."""
    assert resolved({}, {"LAUNCHREADY_TARGET": ""}).get("target") is None


def test_only_what_is_given_is_shown():
    """The header shows what is not a default, in the order of the table."""
    settings = resolved(
        {"launchready_target": "prod", "launchready_demo_defects": "a, b,,"}, {}, {"launchready_config": "x.toml"}
    )

    assert [(value.setting.name, value.shown) for value in settings.given()] == [
        ("target", "prod"),
        ("config", "x.toml"),
        ("demo-defects", "a,b"),
    ]


def test_a_secret_is_never_shown():
    """A setting that is declared secret shows stars."""
    assert Value(Setting("key", "text", "", secret=True), "s3cret-token", "flag").shown == "***"
    assert isinstance(resolved(), Settings)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("ON", True), ("1", True), ("no", False), ("off", False)])
def test_switches(text, value):
    """Usual words for yes and no, whatever their case; some settings are read from the ini file only."""
    assert resolved({}, {}, {"launchready_required": text}).get("required") is value
    assert resolved({"launchready_required": text}, {"LAUNCHREADY_REQUIRED": text}).get("required") is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({"launchready_seed": "x"},), "flag --launchready-seed: got 'x', allowed: a whole number"),
        (({}, {"LAUNCHREADY_SEED": "1.5"}), "environment LAUNCHREADY_SEED: got '1.5', allowed: a whole number"),
        (({}, {}, {"launchready_required": "maybe"}), "ini launchready_required: got 'maybe', allowed: true or false"),
    ],
)
def test_a_wrong_value_is_named_with_its_source_and_what_is_allowed(arguments, message):
    """No traceback, one sentence."""
    with pytest.raises(ValueError, match=message):
        resolved(*arguments)
