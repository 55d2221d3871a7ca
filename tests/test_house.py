"""Rules of the house that a machine checks: layers, exports, what an idle plugin imports, what the wheel holds."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import pytest_launchready

ROOT = Path(__file__).parent.parent
HEAVY = ("httpx", "jsonschema", "faker", "jinja2", "msgspec", "jmespath", "graphql", "asyncio", "sniffio", "filelock")


def test_imports_point_down_only():
    """The layers of ARCHITECTURE.md hold; the demo stands alone; the library never imports pytest."""
    checker = Path(sys.executable).with_name("lint-imports")
    if not checker.exists():
        pytest.skip("import-linter is not installed here; `make lint` runs it")
    found = subprocess.run([checker, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_an_idle_plugin_imports_nothing_heavy(tmp_path):
    """Without a target the plugin costs next to nothing: no network, template or schema library, no event loop."""
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    program = (
        "import json, sys, pytest\n"
        "status = pytest.main(['-q', '-p', 'pytest_launchready.plugin', '-p', 'no:cacheprovider'])\n"
        f"print(json.dumps([int(status), [name for name in {HEAVY!r} if name in sys.modules]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]


def test_public_names_are_what_the_package_says():
    """`__all__` is sorted, and every name in it can be had; nothing else is promised."""
    assert pytest_launchready.__all__ == sorted(pytest_launchready.__all__)
    for name in pytest_launchready.__all__:
        assert getattr(pytest_launchready, name) is not None
    homes = {name for names in pytest_launchready._HOMES.values() for name in names}
    assert homes | {"__version__", "inconclusive"} == set(pytest_launchready.__all__)


def test_an_unknown_public_name_is_an_attribute_error():
    """As of any module, whatever is loaded lazily."""
    with pytest.raises(AttributeError, match="module 'pytest_launchready' has no attribute 'Buyer'"):
        pytest_launchready.Buyer  # noqa: B018 - the access is the test


@pytest.mark.parametrize("path", sorted((ROOT / "src/pytest_launchready").rglob("*.py")), ids=lambda path: path.stem)
def test_no_module_is_longer_than_a_reader_can_hold(path):
    """300 lines are the ceiling; a module that passes it has two reasons to change."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_the_version_is_said_once():
    """`launchready --version` and the package agree."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest_launchready", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"pytest-launchready {pytest_launchready.__version__}"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    pytest.importorskip("build")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], check=True, capture_output=True
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_its_data(wheel):
    """Type marker, template, the demo's maps, document, schema, pages and styles are all in it."""
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
    }
    assert data <= names
    assert "pytest_launchready/conftest_template.py" in names
    assert not [name for name in names if name.startswith("tests/")]


@pytest.mark.long
def test_the_installed_wheel_runs_the_demo(wheel, tmp_path):
    """In an environment of its own, installed as users install it, the sample suite passes."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"{wheel}[demo]"], check=True)
    done = subprocess.run(
        [python, "-m", "pytest", "-p", "no:cacheprovider", "--launchready-target=demo", ROOT / "examples/smoke_suite"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
