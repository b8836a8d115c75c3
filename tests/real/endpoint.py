"""An endpoint over Wine: a prefix with a registry, files and a Windows Installer of its own, and a PowerShell."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.real import registry_export
from tests.real.calls import Answer, NoAnswerError, call

HERE = Path(__file__).parent
PACKAGES = "wine wine64 wixl"
ARCHIVE = "OFFSITE_POWERSHELL"
# How long PowerShell may take to begin, on a machine that does much else.
START_SECONDS = 120


def missing() -> str | None:
    """Return what is not here, and how to get it."""
    if shutil.which("wine") is None or wineserver() is None or shutil.which("wixl") is None:
        return f"Wine or wixl (Debian, Ubuntu: apt-get install --no-install-recommends {PACKAGES})"
    archive = os.environ.get(ARCHIVE)
    if not archive:
        return f"a PowerShell for Windows ({ARCHIVE}=ARCHIVE; tests/real/README.md says how to make one)"
    if not Path(archive).is_file():
        return f"the file {archive}, which {ARCHIVE} names"
    return None


def wineserver() -> str | None:
    """Return the path of Wine's server; Debian keeps it off PATH under this name."""
    return shutil.which("wineserver") or shutil.which("/usr/lib/wine/wineserver64")


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack PowerShell, once for all endpoints of a run, and return powershell.exe."""
    # Python's own tarfile unpacks safely from 3.11.4 on, and Debian 12 has 3.11.2.
    subprocess.run(["tar", "--extract", "--file", archive, "--directory", folder], check=True)
    found = sorted(folder.rglob("powershell.exe"))
    assert len(found) == 1, f"{archive} holds {len(found)} powershell.exe"
    modules = found[0].parent / "Modules/CimCmdlets"
    modules.mkdir(parents=True, exist_ok=True)
    for name in ("CimCmdlets.psd1", "CimCmdlets.psm1"):
        shutil.copyfile(HERE / "host" / name, modules / name)
    return found[0]


class Endpoint:
    """One prefix in one folder."""

    def __init__(self, folder: Path, powershell: Path) -> None:
        self.folder = folder
        self.powershell = powershell
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {
            **os.environ,
            "WINEPREFIX": str(folder / "prefix"),
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            # No screen, so nobody is asked to install Mono or a browser either.
            "DISPLAY": "",
            # .NET's protection of its own code does not get on with Wine's memory.
            "DOTNET_EnableWriteXorExecute": "0",
        }

    @property
    def disk(self) -> Path:
        """Where drive C: lies."""
        return self.folder / "prefix/drive_c"

    def up(self, *seeds: Path) -> None:
        """Make the prefix, fill its registry, and have PowerShell answer."""
        (self.folder / "calls").mkdir(parents=True)
        self.wine("wineboot", "-i")
        for seed in seeds:
            self.load(seed)
        self._serve()

    def load(self, seed: Path) -> None:
        """Import a .reg file; Wine takes one of this version for UTF-16, as Windows writes it."""
        copy = self.folder / seed.name
        copy.write_text(seed.read_text(encoding="utf-8").replace("\n", "\r\n"), encoding="utf-16", newline="")
        self.wine("reg", "import", windows_path(copy))

    def export(self, *keys: str) -> registry_export.Keys:
        """Return keys and all below them as reg.exe writes them: a path that no part of the project uses."""
        found: registry_export.Keys = {}
        target = self.folder / "export.reg"
        for key in keys or ("HKLM", "HKU"):
            self.wine("reg", "export", key, windows_path(target), "/y")
            with target.open(encoding="utf-16", newline="") as file:
                found |= registry_export.parse(file.read())
        return found

    def wine(self, *command: str) -> str:
        """Run a program of Wine's and return what it said; raises when it failed."""
        # A file, for what Wine starts in the background would hold a pipe open for ever.
        said = self.folder / "said"
        for _try in range(3):
            with said.open("wb") as out:
                done = subprocess.run(
                    ["wine", *command],
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    timeout=300,
                    check=False,
                )
            text = said.read_text(encoding="utf-8", errors="replace")
            # Now and then Wine cannot start a program, and does by the next time; nothing of it has run then.
            if "Application could not be started" not in text:
                break
        assert done.returncode == 0, f"wine {' '.join(command)} ended with {done.returncode}: {text}"
        return text

    def call(self, script: str, text: str = "", seconds: float = 180) -> Answer:
        """Run a PowerShell text."""
        return call(self.folder / "calls", script, text, seconds=seconds)

    def restart(self) -> None:
        """End all processes and forget volatile keys, as a restart does."""
        self.down()
        self._serve()

    def down(self) -> None:
        """End all processes."""
        server = wineserver()
        assert server is not None
        subprocess.run([server, "-k"], env=self.environment, check=False, capture_output=True)
        subprocess.run([server, "-w"], env=self.environment, check=False, capture_output=True)
        if self.process is not None:
            self.process.wait(timeout=60)
            self.process = None

    def _serve(self) -> None:
        script = windows_path(HERE / "serve.ps1")
        command = ["wine", str(self.powershell), "-NoProfile", "-File", script, windows_path(self.folder / "calls")]
        with (self.folder / "powershell.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        began = time.monotonic()
        try:
            answer = self.call("$PSVersionTable.PSVersion.ToString()", seconds=START_SECONDS)
        except NoAnswerError:
            said = (self.folder / "powershell.log").read_text(encoding="utf-8", errors="replace")
            msg = f"PowerShell does not answer {time.monotonic() - began:.0f} s after its start: {said[-2000:]}"
            raise AssertionError(msg) from None
        assert not answer.wrong, answer.wrong


def windows_path(path: Path) -> str:
    r"""Return the path as a program over Wine sees it: Z:\..."""
    return "Z:" + str(path.resolve()).replace("/", "\\")
