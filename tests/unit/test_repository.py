"""What the repository promises about itself: layers, lock files, addresses, the commands its pages name."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
LOCKED = sorted((ROOT / "requirements").glob("*.txt"))

# Spelled in pieces, so that this file passes its own test.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("debian", "org/debian"),
        ("golang", "org"),
        ("crates", "io"),
        ("jsdelivr", "net"),
        ("unpkg", "com"),
        ("cdnjs", "cloudflare"),
        ("googleapis", "com/css"),
    ]
)


def _tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [BIN / "lint-imports", "--no-cache", "--config", folder / "pyproject.toml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _names(requirements: str) -> set[str]:
    found = re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", requirements, flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


@pytest.fixture
def small_house(tmp_path: Path) -> Path:
    """A package under our own contracts, with two empty rooms, to try what they refuse."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module in ("tallystick/__init__.py", "tallystick/model/__init__.py", "tallystick/server/__init__.py"):
        (tmp_path / module).parent.mkdir(exist_ok=True)
        (tmp_path / module).touch()
    return tmp_path


def test_layers_of_the_house_are_kept():
    result = _lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "code", "broken"),
    [
        ("attic/__init__.py", "", "The following modules are not listed as layers"),
        (
            "model/nouns.py",
            "import tallystick.cli",
            "tallystick.model is not allowed to import tallystick.cli",
        ),
        (
            "engine/merge.py",
            "import tallystick.packs",
            "tallystick.engine is not allowed to import tallystick.packs",
        ),
        ("runs/jobs.py", "import django.db", "Only the server imports Django BROKEN"),
        ("engine/merge.py", "import dbos", "Only the runs import the job runtime BROKEN"),
    ],
    ids=["unplaced room", "upwards", "neighbour", "Django outside", "job runtime outside"],
)
def test_layers_refuse_what_the_house_forbids(small_house, module, code, broken):
    for room in ("cli", "packs"):
        (small_house / "tallystick" / room).mkdir()
        (small_house / "tallystick" / room / "__init__.py").touch()
    path = small_house / "tallystick" / module
    path.parent.mkdir(exist_ok=True)
    (path.parent / "__init__.py").touch()
    path.write_text(code, encoding="utf-8")
    result = _lint_imports(small_house)
    assert result.returncode == 1
    assert broken in " ".join(result.stdout.split())


def test_layers_allow_django_in_the_server_and_the_runtime_in_the_runs(small_house):
    for room, code in (("server", "import django.db\nimport tallystick.runs.jobs"), ("runs", "")):
        (small_house / "tallystick" / room).mkdir(exist_ok=True)
        (small_house / "tallystick" / room / "__init__.py").write_text(code, encoding="utf-8")
    (small_house / "tallystick/runs/jobs.py").write_text("import dbos", encoding="utf-8")
    result = _lint_imports(small_house)
    assert result.returncode == 0, result.stdout


def test_no_tracked_file_names_a_package_registry():
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in _tracked_files()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert found == []


def test_lock_files_are_there():
    assert [path.name for path in LOCKED] == ["dev.txt", "runtime.txt", "uv.txt"]


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_lock_file_pins_and_hashes_all_and_holds_no_address(path):
    text = path.read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    unlocked = [e for e in entries if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", e, re.DOTALL)]
    assert entries
    assert unlocked == []
    assert re.findall(r"\S*://\S*|^-\S+", text, flags=re.MULTILINE) == []


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_lock_file_holds_all_that_is_asked_for(path):
    asked = _names(path.with_suffix(".in").read_text(encoding="utf-8"))
    assert asked - _names(path.read_text(encoding="utf-8")) == set()


def test_runtime_versions_are_the_same_in_development():
    pins = {path.stem: set(re.findall(r"^(\S+==\S+)", path.read_text(), flags=re.MULTILINE)) for path in LOCKED}
    assert pins["runtime"] - pins["dev"] == set()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_every_make_target_named_in_a_page_exists(page):
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"(?:`|^ *)make ([a-z][a-z-]*)", (ROOT / page).read_text(), flags=re.MULTILINE))
    assert named
    assert named - targets == set()


def test_python_without_venv_is_told_what_to_install(tmp_path):
    """A fresh Debian has python3 without python3-venv: one sentence, no traceback, nothing half made."""
    python = tmp_path / "python3"
    python.write_text(
        f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"\n', encoding="utf-8"
    )
    python.chmod(0o755)
    result = subprocess.run(
        ["make", "setup", f"PYTHON={python}", f"VENV={tmp_path}/venv"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode != 0
    assert "run 'apt-get install python3-venv' as root" in result.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.slow
def test_wheel_holds_the_package_with_its_typing_marker_and_no_tests(tmp_path):
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    for path in _tracked_files():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--no-index", "--wheel-dir", wheels, source], check=True)
    (wheel,) = wheels.glob("tallystick-*.whl")
    shutil.unpack_archive(wheel, tmp_path / "content", "zip")
    content = {path.relative_to(tmp_path / "content").as_posix() for path in (tmp_path / "content").rglob("*")}
    tracked = {path.relative_to(ROOT / "src").as_posix() for path in _tracked_files() if ROOT / "src" in path.parents}
    assert "tallystick/py.typed" in content
    assert tracked - content == set()
    assert {name.split("/")[0] for name in content if not name.startswith("tallystick-")} == {"tallystick"}
