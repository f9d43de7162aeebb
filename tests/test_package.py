"""The package as users get it: the built wheel and source distribution, and what `import toolfeed` costs."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
IMPORT_BUDGET = 0.060  # seconds beyond the bare interpreter's start

SITE_PACKAGES = Path(pytest.__file__).parent.parent  # pytest and its friends, without toolfeed's sources


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """Run a command without this environment's Python settings, and return its standard output."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=clean | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Built(NamedTuple):
    """What users get: a source distribution, and the wheel that was built from it, in a fresh environment."""

    sdist: Path
    wheel: Path
    python: Path

    @property
    def home(self) -> Path:
        return self.python.parent.parent


# One fixture and one test use it, so that it is built once however the tests are spread.
@pytest.fixture
def built(tmp_path: Path) -> Built:
    out = tmp_path / "dist"
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, cwd=ROOT)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    home = tmp_path / "installed"
    venv.create(home, with_pip=False)
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = ("install", "--quiet", "--disable-pip-version-check", wheel)
    run(sys.executable, "-m", "pip", "--python", python, *install, cwd=home)
    return Built(sdist, wheel, python)


@pytest.mark.wheel
def test_the_built_wheel_with_the_sources_out_of_the_way(built: Built, tmp_path: Path) -> None:
    wheel_holds_the_package_and_the_grammars_and_nothing_else(built)
    command_line_without_its_extra_says_what_to_install(built, tmp_path)
    sources = unpacked(built, tmp_path)
    examples_pass(built, sources)


def wheel_holds_the_package_and_the_grammars_and_nothing_else(built: Built) -> None:
    names = set(zipfile.ZipFile(built.wheel).namelist())
    sources = {path.relative_to(ROOT / "parsers").as_posix() for path in (ROOT / "parsers").rglob("*.py")}
    grammars = {f"toolfeed/grammars/{path.name}" for path in (ROOT / "grammars").glob("*.toml")}
    assert grammars
    assert {name for name in names if ".dist-info/" not in name} == {*sources, "toolfeed/py.typed", *grammars}
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def command_line_without_its_extra_says_what_to_install(built: Built, tmp_path: Path) -> None:
    done = subprocess.run([built.python.parent / "toolfeed"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'toolfeed[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


def unpacked(built: Built, tmp_path: Path) -> Path:
    """The source distribution, as it is but for the package and the grammars, which only the wheel has now."""
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (folder,) = (tmp_path / "unpacked").iterdir()
    folders = "bench", "examples"
    for name in "README.md", "LICENSE", "CHANGELOG.md", "Makefile", "pyproject.toml", "docs/grammar.md", *folders:
        assert (folder / name).exists(), name
    assert {path.name for path in (ROOT / "tests").glob("*.py")} == {path.name for path in folder.glob("tests/*.py")}
    shutil.rmtree(folder / "parsers")
    shutil.rmtree(folder / "grammars")
    return folder


def examples_pass(built: Built, sources: Path) -> None:
    """The wheel reads every example of its grammars as it should."""
    where = "import toolfeed; print(toolfeed.__file__)"
    assert Path(run(built.python, "-c", where, cwd=sources, PYTHONPATH=str(SITE_PACKAGES)).strip()).is_relative_to(
        built.home
    )
    test = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_examples.py::test_whole")
    assert " passed" in run(built.python, *test, cwd=sources, PYTHONPATH=str(SITE_PACKAGES))


def seconds(program: str) -> float:
    """What an interpreter with this program costs, in processor time, which a busy machine does not change much."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", "-c", program], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_import_reads_no_grammar_and_looks_for_no_plugin() -> None:
    program = """
import sys
opened = []
sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
import toolfeed
print(sorted({"importlib.metadata", "tomllib", "ijson", "click", "rich"} & set(sys.modules)))
print([name for name in opened if name.endswith(".toml")])
"""
    assert run(sys.executable, "-c", program, cwd=ROOT).split() == ["[]", "[]"]


def test_import_is_quick() -> None:
    def best(program: str) -> float:
        return min(seconds(program) for _ in range(9))

    seconds("import toolfeed")  # bytecode is written
    cost = best("import toolfeed") - best("pass")
    assert cost < IMPORT_BUDGET, f"import toolfeed takes {cost * 1000:.0f} ms"
