"""The package as users get it: the built wheel in a fresh environment, and what `import toolfeed` costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
IMPORT_BUDGET = 0.060  # seconds beyond the bare interpreter's start

# One worker builds and installs, whatever the other tests are spread over.
wheel_tests = [pytest.mark.wheel, pytest.mark.xdist_group("wheel")]


def run(*command: str | Path, cwd: Path, **env: str) -> str:
    """Run a command without this environment's Python settings, and return its standard output."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=clean | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=ROOT)
    (path,) = out.glob("toolfeed-*.whl")
    return path


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment that holds the wheel and what the wheel says it needs."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False)
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check", wheel,
        cwd=home)
    return python


class TestWheel:
    pytestmark = wheel_tests

    def test_holds_the_package_and_the_grammars_and_nothing_else(self, wheel: Path) -> None:
        names = set(zipfile.ZipFile(wheel).namelist())
        package = {name for name in names if ".dist-info/" not in name}
        sources = {path.relative_to(ROOT / "parsers") for path in (ROOT / "parsers").rglob("*.py")}
        grammars = {path.name for path in (ROOT / "grammars").glob("*.toml")}
        assert grammars
        assert package == (
            {path.as_posix() for path in sources}
            | {"toolfeed/py.typed"}
            | {f"toolfeed/grammars/{name}" for name in grammars}
        )
        assert any(name.endswith("/licenses/LICENSE") for name in names)

    def test_parses_with_the_sources_out_of_the_way(self, installed: Path, tmp_path: Path) -> None:
        program = """
import json, pathlib, toolfeed
text = 'Let me check.\\n<tool_call>\\n{"name": "get_weather", "arguments": {"city": "Paris"}}\\n</tool_call>'
message = toolfeed.parse(text, "hermes")
print(json.dumps({
    "home": str(pathlib.Path(toolfeed.__file__).parent),
    "content": message.content,
    "calls": [[call.name, call.arguments, call.status] for call in message.tool_calls],
    "formats": len(toolfeed.formats()),
}))
"""
        result = json.loads(run(installed, "-c", program, cwd=tmp_path))
        assert Path(result["home"]).is_relative_to(installed.parent.parent)
        assert not Path(result["home"]).is_relative_to(ROOT / "parsers")
        assert result["content"] == "Let me check."
        assert result["calls"] == [["get_weather", '{"city": "Paris"}', "complete"]]
        assert result["formats"] == len(list((ROOT / "grammars").glob("*.toml")))

    def test_every_grammar_loads(self, installed: Path, tmp_path: Path) -> None:
        program = "import toolfeed\nfor info in toolfeed.formats(): toolfeed.Parser(info.name)"
        run(installed, "-c", program, cwd=tmp_path)

    def test_command_line_without_its_extra_says_what_to_install(self, installed: Path, tmp_path: Path) -> None:
        command = installed.parent / "toolfeed"
        done = subprocess.run([command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "pip install 'toolfeed[cli]'" in done.stderr
        assert "Traceback" not in done.stderr


def seconds(*command: str | Path) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - begin


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
        return min(seconds(sys.executable, "-I", "-c", program) for _ in range(9))

    best("import toolfeed")  # bytecode is written
    cost = best("import toolfeed") - best("pass")
    assert cost < IMPORT_BUDGET, f"import toolfeed takes {cost * 1000:.0f} ms"
