"""The wheel holds all that the service needs and nothing else, and works where it is installed."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the build tools of the lock file, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("outreach-*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def files_below(folder: str, *, pattern: str = "*.*") -> set[str]:
    paths = (ROOT / folder).rglob(pattern)
    return {path.relative_to(ROOT).as_posix() for path in paths if "__pycache__" not in path.parts}


def test_the_wheel_holds_every_template_style_catalog_and_migration(names: set[str]) -> None:
    wanted = {
        *(f"outreach/{name}" for name in files_below("templates")),
        *files_below("outreach/static"),
        *files_below("outreach/locale", pattern="*.po"),
        *files_below("outreach/migrations", pattern="*.py"),
        "outreach/py.typed",
    }

    assert wanted - names == set()
    assert len(wanted) > 30


def test_the_wheel_leaves_out_what_belongs_to_the_checkout(names: set[str]) -> None:
    inside = {name.split("/")[0] for name in names}

    assert {part for part in inside if not part.endswith(".dist-info")} == {"outreach"}
    assert [name for name in names if "__pycache__" in name or name.endswith("wsgi.py")] == []


def test_the_wheel_carries_the_license_and_the_command(wheel: Path, names: set[str]) -> None:
    (entry_points,) = [name for name in names if name.endswith("entry_points.txt")]

    assert "outreach = outreach.cli:main" in zipfile.ZipFile(wheel).read(entry_points).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.all
def test_an_installed_wheel_has_its_command_and_serves_pages_and_styles(
    wheel: Path, tmp_path: Path
) -> None:
    place = tmp_path / "fresh"
    venv.create(place, symlinks=True, with_pip=False)
    python = place / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(place)}))
    # What the service depends on is installed here already; only outreach itself must come from
    # the wheel, which stands before the editable checkout on the path.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]

    run([*pip, "--no-deps", "--no-index", str(wheel)], tmp_path)
    said = run([str(place / "bin" / "outreach"), "--help"], tmp_path)
    seen = run([str(python), "-c", SEE], tmp_path)

    assert "demo" in said
    assert seen.splitlines() == [str(site / "outreach"), "200 text/html", "200 text/css", "True"]


SEE = """
from pathlib import Path
import outreach
from outreach import config, migrations, wiring
from outreach.app import create_app

wired = wiring.build(config.load())
migrations.bring_up_to_date(wired.db)
app = create_app(wired)
client = app.test_client()
page = client.get("/sign-in")
with app.test_request_context():
    address = app.url_for("static", filename="outreach.css")
style = client.get(address)
print(Path(outreach.__file__).parent)
print(page.status_code, page.mimetype)
print(style.status_code, style.mimetype)
print("</html>" in page.text)
"""


def run(command: Sequence[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
