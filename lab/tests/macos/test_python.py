"""How a simulated Mac gets a Python: the stub that it has, curl and python.org's package.

Source: docs/sources/macos.md#python-on-a-mac.
"""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.downloads import python_package
from lab.macos.machine import MacMachine
from lab.macos.media import package_bytes
from lab.tests.macos.machines import mac, put, run, sudo

UPLOADED = "/private/tmp/python-3.13.9-macos11.pkg"


@pytest.fixture
def machine(tmp_path: Path) -> MacMachine:
    return mac(tmp_path, condition="fresh", python="stub")


class TestPython:
    def test_its_package_makes_a_stub_machine_usable(self, tmp_path: Path) -> None:
        machine = mac(tmp_path, condition="fresh", python="stub")
        put(machine, UPLOADED, package_bytes(python_package("3.13.9")))
        line = run(machine, f"pkgutil --check-signature {UPLOADED}").stdout.splitlines()[5]
        assert line == "    1. Developer ID Installer: Python Software Foundation (BMM5U3QVKW)"
        assert sudo(machine, f"installer -pkg {UPLOADED} -target /").returncode == 0
        for name in ("python3.13", "python3"):
            done = run(machine, f"/usr/local/bin/{name} -c 'import platform; print(platform.system())'")
            assert done.stdout == "Darwin\n"
        assert run(machine, "/usr/local/bin/python3.13 --version").stdout == "Python 3.13.9\n"
        assert "org.python.Python.PythonFramework-3.13" in run(machine, "pkgutil --pkgs").stdout
        assert machine.state.read()["pythons"] == ["3.13.9"]
        assert machine.state.read()["python_stub"] == {"runs": 0, "dialogs": 0}

    @pytest.mark.parametrize(
        ("user", "text", "dialogs"),
        [
            ("taro", "xcode-select: note: no developer tools were found at '/Applications/Xcode.app', requesting", 1),
            (None, "xcode-select: error: no developer tools were found at '/Applications/Xcode.app', and no", 0),
        ],
    )
    def test_the_machine_remembers_that_the_stub_was_run(
        self, tmp_path: Path, user: str | None, text: str, dialogs: int
    ) -> None:
        machine = mac(tmp_path, python="stub")
        with machine.state.edit() as data:
            data["console_user"] = user
        assert run(machine, "xcode-select -p").returncode == 2
        assert machine.state.read()["python_stub"] == {"runs": 0, "dialogs": 0}
        done = run(machine, "/usr/bin/python3 --version")
        assert done.returncode == 1
        assert done.stderr.startswith(text)
        assert machine.state.read()["python_stub"] == {"runs": 1, "dialogs": dialogs}


class TestCurl:
    """A Mac without Python fetches its package with curl."""

    @pytest.fixture
    def url(self, tmp_path: Path) -> Iterator[str]:
        """Serve a folder of one file by HTTP."""
        folder = tmp_path / "served"
        folder.mkdir()
        (folder / "x.pkg").write_bytes(b"package")
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()

    def test_a_file_is_fetched_and_a_missing_one_fails(self, machine: MacMachine, url: str) -> None:
        done = run(machine, f"curl -fsSLo /tmp/x.pkg {url}/x.pkg && shasum -a 256 /tmp/x.pkg")
        digest = hashlib.sha256(b"package").hexdigest()
        assert (done.returncode, done.stdout) == (0, f"{digest}  /tmp/x.pkg\n")
        done = run(machine, f"curl -fsSL -o /tmp/y {url}/none")
        assert (done.returncode, done.stderr) == (22, "curl: (22) The requested URL returned error: 404\n")
        assert run(machine, f"curl -fsS -o /Library/x {url}/x.pkg").returncode == 23
        assert run(machine, f"curl -d a=b {url}/x.pkg").returncode == 127
