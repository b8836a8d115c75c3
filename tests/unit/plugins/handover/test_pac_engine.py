"""The process that a PAC runs in: nothing of the controller's is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.handover import pac

ENGINE = Path(pac.__file__).with_name("pac_engine.py")
# What a PAC that broke out of the engine would try.
TRIES = {
    "open a file": "open('/etc/passwd')",
    "start a program": "__import__('subprocess').run(['true'])",
    "connect": "__import__('socket').socket()",
    "take all memory": "bytearray(2 * 1024 ** 3)",
}


@pytest.mark.parametrize("code", TRIES.values(), ids=TRIES)
def test_what_breaks_out_of_the_engine_can_do_nothing(code):
    script = (
        "import runpy, subprocess, socket\n"
        f"m = runpy.run_path({str(ENGINE)!r}, run_name='engine')\n"
        f"m['confine']()\n"
        f"try:\n    {code}\n"
        f"except (OSError, MemoryError) as error:\n    print('refused', type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False, env={})
    assert done.stdout.startswith("refused "), done.stderr


def test_the_engine_gets_no_environment_and_no_folder(monkeypatch):
    seen: dict[str, Any] = {}
    real = subprocess.Popen

    def popen(*arguments: Any, **options: Any) -> Any:
        seen.update(options)
        return real(*arguments, **options)

    monkeypatch.setattr(pac.subprocess, "Popen", popen)
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", "/secret")
    pac_text = "function FindProxyForURL(url, host) { return 'DIRECT'; }"
    (answer,) = pac.answers(pac_text, [{"url": "http://example.org/", "expected": "DIRECT"}], {}, "127.0.0.1")
    assert answer.right
    assert (seen["env"].keys() - {"TZ"}, seen["cwd"]) == (set(), "/")
