"""launchd's jobs: reading their property lists, loading them, running what they run (docs/sources/macos.md#launchctl).

A job with a program runs it to its end when it is loaded with RunAtLoad or kickstarted; one without (those of the seed)
counts as running. Time does not pass here: an interval or a calendar never fires.
"""

from __future__ import annotations

import os
import plistlib
import stat
import subprocess
from contextlib import ExitStack
from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled

_FIRST_PID = 300
_SECONDS = 60
_NO_PROGRAM = 78  # EX_CONFIG: what launchctl shows for a program that isn't there
_ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/var/root", "USER": "root", "SHELL": "/bin/sh"}
_KNOWN = {
    *("Label", "Disabled", "Program", "ProgramArguments", "RunAtLoad", "KeepAlive", "LaunchOnlyOnce", "UserName"),
    *("StandardOutPath", "StandardErrorPath", "StartInterval", "StartCalendarInterval", "ThrottleInterval"),
    *("AbandonProcessGroup", "ProcessType", "AssociatedBundleIdentifiers", "EnvironmentVariables", "Comment"),
}


def read(file: str) -> dict[str, Any]:
    """Return a job's property list. Raises ToolError as launchctl does, and for keys that are not modelled."""
    try:
        with open(file, "rb") as handle:
            job = plistlib.load(handle)
    except (OSError, plistlib.InvalidFileException, ValueError):
        raise ToolError(
            f"Could not read {file}: No such file or directory\nBootstrap failed: 5: Input/output error", 5
        ) from None
    if not isinstance(job, dict) or "Label" not in job:
        raise ToolError("Bootstrap failed: 5: Input/output error", 5)
    unknown = sorted(set(job) - _KNOWN)
    if unknown or job.get("UserName", "root") != "root":
        raise not_modelled("launchd", [f"{job['Label']}: {', '.join(unknown) or 'UserName'}"])
    if _arguments(job) and job.get("KeepAlive"):
        raise not_modelled("launchd", [f"{job['Label']}: KeepAlive of a program, which would run for ever"])
    return job


def check_file(file: str) -> None:
    """Refuse a property list that others than root could change. Raises ToolError."""
    found = os.stat(file)
    if found.st_uid != 0 or stat.S_IMODE(found.st_mode) & 0o022:
        raise ToolError("Bootstrap failed: 122: Path had bad ownership/permissions", 122)


def load(session: Session, domain: str, file: str, job: dict[str, Any]) -> None:
    """Take a job into a domain and run it when it asks for that."""
    starts = bool(job.get("RunAtLoad") or job.get("KeepAlive"))
    with session.state.edit() as data:
        jobs = data["launchd"]["jobs"]
        pid = next_pid(jobs) if starts and not _arguments(job) else None
        jobs[domain][job["Label"]] = {"path": file, "pid": pid}
    if starts and _arguments(job):
        run(session, domain, job)


def start(session: Session, domain: str, label: str, *, restart: bool) -> None:
    """Kickstart a loaded job."""
    entry = session.state.read()["launchd"]["jobs"][domain][label]
    try:
        job = read(entry["path"])
    except ToolError as error:
        if error.code == 127:
            raise
        job = {"Label": label}  # its file is gone; launchd goes by what it loaded
    if _arguments(job):
        run(session, domain, job)
        return
    with session.state.edit() as data:
        jobs = data["launchd"]["jobs"]
        if jobs[domain][label]["pid"] is None or restart:
            jobs[domain][label]["pid"] = next_pid(jobs)


def run(session: Session, domain: str, job: dict[str, Any]) -> None:
    """Run a job's program as root to its end and keep its exit code; what it prints goes where the job says."""
    if domain != "system":
        raise not_modelled("launchd", [f"{job['Label']}: a program in {domain}"])
    session.who = session.ownership.identity("root")
    with ExitStack() as files:
        output, errors = (
            files.enter_context(open(job.get(key, "/dev/null"), "ab"))
            for key in ("StandardOutPath", "StandardErrorPath")
        )
        try:
            done = subprocess.run(
                _arguments(job),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd="/",
                env={**_ENVIRONMENT, **job.get("EnvironmentVariables", {})},
                timeout=_SECONDS,
                check=False,
            )
            code = done.returncode
        except (FileNotFoundError, PermissionError):
            code = _NO_PROGRAM
    with session.state.edit() as data:
        entry = data["launchd"]["jobs"][domain].get(job["Label"])
        if entry is not None:
            entry.update(exit=code, runs=entry.get("runs", 0) + 1)


def _arguments(job: dict[str, Any]) -> list[str]:
    arguments = [str(argument) for argument in job.get("ProgramArguments", [])]
    if "Program" in job:
        return [job["Program"], *arguments[1:]]
    return arguments


def next_pid(jobs: dict[str, Any]) -> int:
    """Return a process number that no job has."""
    return max([_FIRST_PID, *(job["pid"] or 0 for domain in jobs.values() for job in domain.values())]) + 1
