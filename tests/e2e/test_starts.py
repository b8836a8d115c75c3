"""How often the tests of `make test` start Ansible, which is what takes their time: not more often by accident."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.e2e.conftest import ROOT

STARTS = 0
# All that the files below name. A number that goes up has to be worth it: a start is one to three seconds of a core.
ALL = 229
LONG = "pytestmark = pytest.mark.depth"


def trees() -> dict[str, ast.Module]:
    folder = Path(__file__).parent
    return {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in folder.glob("*.py")}


def starts(tree: ast.Module) -> int | None:
    """Return what a file names as its starts; None for a file whose tests are all long."""
    if LONG in map(ast.unparse, tree.body):
        return None
    (number,) = [line for line in map(ast.unparse, tree.body) if line.startswith("STARTS = ")]
    return int(number.removeprefix("STARTS = "))


def test_there_are_no_more_than_these():
    named = {name: starts(tree) for name, tree in trees().items() if name.startswith("test_")}
    assert sum(filter(None, named.values())) == ALL, named


def test_every_start_is_counted():
    """Nobody but conftest.py knows where the programs are; the demo's are counted by what it shows."""
    knows = {
        name for name, tree in trees().items() if any(ast.unparse(node) == "sys.executable" for node in ast.walk(tree))
    }
    assert knows == {"conftest.py", "demo.py", "test_demo.py", "test_screen.py"}
    assert (ROOT / "tests/e2e/test_screen.py").read_text(encoding="utf-8").count("sys.executable") == 1
