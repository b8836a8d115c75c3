"""Which programs a simulated Mac has, and putting them into its tree.

Three kinds: stand-ins in Python (`tools/`), harmless text filters of the lab's own computer, and everything else that a
Mac is known to have: those fail and say so. Nothing else is on PATH, so a Linux-only command is missing as on a Mac.
"""

from __future__ import annotations

import posix
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
# What a command over SSH gets: docs/sources/macos.md#commands-over-ssh.
SEARCH_PATH = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
PYTHON = f"/usr/local/bin/python3.{sys.version_info.minor}"
PYTHON_LINK = "/usr/local/bin/python3"

# Module of lab.macos.tools -> programs that it stands in for.
STAND_INS = {
    "files": "/bin/cat /bin/cp /bin/ln /bin/mkdir /bin/mv /bin/rm /bin/rmdir /usr/bin/touch /usr/bin/tee /bin/dd "
    "/usr/bin/mktemp ",
    "listing": "/bin/ls /usr/bin/stat /usr/bin/readlink /bin/chmod /usr/sbin/chown /usr/bin/chgrp /usr/bin/shasum "
    "/sbin/md5 ",
    "system": "/usr/bin/uname /usr/bin/sw_vers /bin/hostname /usr/bin/xcode-select /usr/bin/locale /usr/bin/which "
    "/usr/sbin/sysctl /usr/bin/python3 /usr/bin/systemextensionsctl ",
    "identity": "/usr/bin/id /usr/bin/whoami /usr/bin/sudo",
    "plutil": "/usr/bin/plutil",
    "defaults": "/usr/bin/defaults",
    "plistbuddy": "/usr/libexec/PlistBuddy",
    "scutil": "/usr/sbin/scutil",
    "networksetup": "/usr/sbin/networksetup",
    "launchctl": "/bin/launchctl",
    "pfctl": "/sbin/pfctl",
    "firewall": "/usr/libexec/ApplicationFirewall/socketfilterfw",
    "power": "/usr/bin/pmset",
    "curl": "/usr/bin/curl",
    "hdiutil": "/usr/bin/hdiutil",
    "packages": "/usr/sbin/installer /usr/sbin/pkgutil /usr/sbin/spctl",
    "clock": "/usr/sbin/systemsetup /usr/bin/sntp",
    "sharing": "/usr/sbin/sharing /usr/sbin/sysadminctl",
    "remote": "/usr/bin/nc /usr/sbin/lsof /usr/bin/profiles /usr/libexec/mdmclient /usr/libexec/lab-kickstart",
    "forticlient": "/usr/libexec/lab-forticlient-helper",
}
SHELLS = "/bin/sh /bin/bash /bin/zsh"
# Programs whose behaviour on Linux and macOS is the same as far as scripts use them; options that differ are refused.
FILTERS = (
    "/usr/bin/awk /usr/bin/base64 /usr/bin/basename /usr/bin/cmp /usr/bin/comm /usr/bin/cut /bin/date /usr/bin/diff "
    "/usr/bin/dirname /bin/echo /usr/bin/egrep /usr/bin/env /bin/expr /usr/bin/false /usr/bin/fgrep /usr/bin/grep "
    "/usr/bin/head /bin/kill /usr/bin/od /usr/bin/paste /usr/bin/printf /bin/pwd /usr/bin/sed /usr/bin/seq "
    "/bin/sleep /usr/bin/sort /usr/bin/tail /bin/test /usr/bin/tr /usr/bin/true /usr/bin/uniq /usr/bin/wc "
    "/usr/bin/xargs "
)
DIFFERENT_OPTIONS = {
    "sed": "-i*|--*|-r",
    "grep": "-P|-oP|-Po|--perl*",
    "date": "-d|--*|-j|-v*",
    "base64": "-w*|--*|-d|-D",
    "head": "--*",
    "tail": "--*",
}
NOT_MODELLED = (
    "/usr/bin/at /usr/bin/automator /usr/bin/caffeinate /usr/bin/chflags /usr/bin/codesign /usr/bin/crontab "
    "/usr/bin/csrutil /usr/bin/dig /usr/bin/ditto /usr/bin/dscacheutil /usr/bin/dscl /usr/bin/du "
    "/usr/bin/fdesetup /usr/bin/find /usr/bin/git /usr/bin/groups /usr/bin/host /usr/bin/ioreg /usr/bin/killall "
    "/usr/bin/last /usr/bin/log /usr/bin/logger /usr/bin/login /usr/bin/mdfind /usr/bin/mdls /usr/bin/nscurl "
    "/usr/bin/open /usr/bin/osascript /usr/bin/pgrep /usr/bin/pkill /usr/bin/pluginkit /usr/bin/pwpolicy "
    "/usr/bin/rsync /usr/bin/security /usr/bin/sqlite3 /usr/bin/su /usr/bin/tar /usr/bin/tccutil /usr/bin/tmutil "
    "/usr/bin/unzip /usr/bin/uptime /usr/bin/users /usr/bin/vm_stat /usr/bin/w /usr/bin/who /usr/bin/xattr "
    "/usr/bin/xcodebuild /usr/bin/xcrun /usr/bin/zip /bin/df /bin/ps /bin/stty /usr/sbin/arp /usr/sbin/bless "
    "/usr/sbin/diskutil /usr/sbin/dseditgroup /usr/sbin/dsenableroot /usr/sbin/ioreg /usr/sbin/netstat "
    "/usr/sbin/nvram /usr/sbin/softwareupdate /usr/sbin/system_profiler /usr/sbin/traceroute /usr/sbin/visudo "
    "/sbin/dmesg /sbin/ifconfig /sbin/kextload /sbin/mount /sbin/ping /sbin/reboot /sbin/route /sbin/shutdown "
    "/sbin/umount "
)
TOOL_FOLDERS = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/libexec", "/usr/local/bin")


def install_tools(root: Path, state_file: Path, *, python_org: bool) -> None:
    """Write every program into the machine's tree. `python_org`: Python from python.org is installed."""
    run = f"{PACKAGE_ROOT}/lab/macos/tools/run.py"
    start = f"LAB_MAC_STATE={state_file} exec {shlex.quote(sys.executable)} -I -S {shlex.quote(run)}"
    for module, programs in STAND_INS.items():
        for program in programs.split():
            _write(root, program, f'#!/bin/sh\n{start} {module} {Path(program).name} "$@"\n')
    for program in NOT_MODELLED.split():
        name = Path(program).name
        _write(root, program, f'#!/bin/sh\necho "lab: {name} is not modelled" >&2\nexit 127\n')
    for program in FILTERS.split():
        _write(root, program, _filter(Path(program).name))
    for program in SHELLS.split():
        # The common form `sh -c` needs no help: its text came translated.
        name = Path(program).name
        shortcut = f'#!/bin/sh\n[ "$1" = -c ] && exec {shutil.which(name) or "/bin/sh"} "$@"\n'
        _write(root, program, f'{shortcut}{start} shells {name} "$@"\n')
    names = [PYTHON, PYTHON_LINK] if python_org else []
    for name in names:
        _write(root, name, _python(root, state_file, name, ""))


def install_pythons(root: str, state_file: str, versions: Sequence[str], interpreter: str) -> None:
    """Write the programs of the Pythons that were installed from packages ("3.13.9"); the last one is python3.

    `interpreter` runs them, whichever version it is itself: `--version` tells the package's, `sys.version` its own.
    """
    for version in versions:
        for name in (f"/usr/local/bin/python{'.'.join(version.split('.')[:2])}", PYTHON_LINK):
            _write_program(f"{root}{name}", _python(root, state_file, name, version, interpreter))


def _filter(name: str) -> str:
    host = shutil.which(name)
    if host is None:
        return f'#!/bin/sh\necho "lab: {name} is missing on the computer that runs the lab" >&2\nexit 127\n'
    guard = ""
    if name in DIFFERENT_OPTIONS:
        refuse = f'echo "lab: {name} $option is not modelled: it differs on macOS" >&2; exit 127'
        cases = f"{DIFFERENT_OPTIONS[name]}) {refuse};; [!-]*) break;;"
        guard = f'for option in "$@"; do case "$option" in {cases} esac; done\n'
    return f'#!/bin/sh\n{guard}exec {host} "$@"\n'


def _python(
    root: Path | str, state_file: Path | str, name: str, version: str, interpreter: str = sys.executable
) -> str:
    """Return the start script of the machine's Python; -I, -E and -S would leave the overlay off."""
    guard = 'case "$1" in -I*|-E*|-S*) echo "lab: python $1 is not modelled" >&2; exit 127;; esac\n'
    if version:
        guard += f'case "$*" in --version|-V) echo "Python {version}"; exit 0;; esac\n'
    settings = {
        "PYTHONPATH": f'{shlex.quote(f"{PACKAGE_ROOT}/lab/macos/guest")}"${{PYTHONPATH:+:$PYTHONPATH}}"',
        "LAB_MAC_PACKAGE": shlex.quote(str(PACKAGE_ROOT)),
        "LAB_MAC_STATE": str(state_file),
        "LAB_MAC_PYTHON": f"{root}{name}",
    }
    exports = "".join(f"export {key}={value}\n" for key, value in settings.items())
    return f'#!/bin/sh\n{guard}{exports}exec {shlex.quote(interpreter)} "$@"\n'


def _write(root: Path, program: str, text: str) -> None:
    path = root / program.lstrip("/")
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_program(str(path), text)


def _write_program(real: str, text: str) -> None:
    """Write a program at a real path, past the overlay: also called from inside a simulated process."""
    new = f"{real}.new"
    handle = posix.open(new, posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC, 0o755)
    try:
        posix.write(handle, text.encode())
    finally:
        posix.close(handle)
    posix.chmod(new, 0o755)
    posix.rename(new, real)
