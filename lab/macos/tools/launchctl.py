"""launchctl: print, print-disabled, list, enable, disable, bootstrap, bootout, kickstart, asuser.

Source: docs/sources/macos.md#launchctl.

A job's place is `system` or `gui/<uid>`; a user's place exists while that user is logged in at the console.
"""

from __future__ import annotations

import os
from typing import Any

from lab.macos.session import Session
from lab.macos.tools import jobs as launchd
from lab.macos.tools.common import ToolError, not_modelled


def launchctl(session: Session, arguments: list[str]) -> int:
    """Run one verb."""
    match arguments:
        case ["print-disabled", domain]:
            return _print_disabled(session, domain)
        case ["print", target]:
            return _print(session, target)
        case ["list"]:
            return _list(session)
        case ["list", label]:
            return _list_one(session, label)
        case ["enable" | "disable" as verb, target]:
            domain, label = _split(session, target, arguments)
            _need_root(session, domain)
            with session.state.edit() as data:
                data["launchd"]["disabled"].setdefault(domain, {})[label] = verb == "disable"
            return 0
        case ["bootstrap", domain, file]:
            return _bootstrap(session, domain, file)
        case ["bootout", target]:
            return _bootout(session, target, arguments)
        case ["bootout", domain, file]:
            return _bootout(session, f"{domain}/{launchd.read(file)['Label']}", arguments)
        case ["kickstart", *options, target] if set(options) <= {"-k", "-kp", "-p"}:
            return _kickstart(session, target, arguments, restart=any("k" in option for option in options))
        case ["asuser", _uid, *command] if command and session.who.uid == 0:
            os.execvp(command[0], command)
    raise not_modelled("launchctl", arguments)


def _domains(session: Session) -> dict[str, Any]:
    return session.state.read()["launchd"]["jobs"]


def _split(session: Session, target: str, arguments: list[str]) -> tuple[str, str]:
    parts = target.split("/")
    if parts[0] == "system" and len(parts) == 2:
        return "system", parts[1]
    if parts[0] in ("gui", "user") and len(parts) == 3:
        return f"gui/{parts[1]}", parts[2]
    raise not_modelled("launchctl", arguments)


def _need_root(session: Session, domain: str) -> None:
    if session.who.uid != 0 and domain != f"gui/{session.who.uid}":
        raise ToolError("Could not perform operation: 1: Operation not permitted", 1)


def _print_disabled(session: Session, domain: str) -> int:
    data = session.state.read()
    entries = data["launchd"]["disabled"].get(domain.replace("user/", "gui/"), {})
    # The words changed; both are in the wild (docs/sources/macos.md#launchctl).
    new = int(data["system"]["product_version"].split(".")[0]) >= 13
    words = {True: "disabled", False: "enabled"} if new else {True: "true", False: "false"}
    print("\tdisabled services = {")
    for label, disabled in sorted(entries.items()):
        print(f'\t\t"{label}" => {words[disabled]}')
    print("\t}")
    return 0


def _print(session: Session, target: str) -> int:
    jobs = _domains(session)
    if target in jobs:
        print(f"{target} = {{\n\ttype = {target.split('/', maxsplit=1)[0]}\n\tservices = {{")
        for label, job in sorted(jobs[target].items()):
            print(f"\t\t{job['pid'] or 0:>8}      - \t{label}")
        print("\t}\n}")
        return 0
    domain, _, label = target.rpartition("/")
    job = jobs.get(domain, {}).get(label)
    if job is None:
        where = "system" if domain == "system" else f"{domain.replace('gui/', 'user gui: ')}"
        raise ToolError(f'Bad request.\nCould not find service "{label}" in domain for {where}', 113)
    state = "running" if job["pid"] else "not running"
    print(f"{target} = {{\n\tactive count = {1 if job['pid'] else 0}\n\tpath = {job['path']}\n\tstate = {state}\n")
    if job["pid"]:
        print(f"\tpid = {job['pid']}")
    if "exit" in job:
        print(f"\truns = {job['runs']}\n\tlast exit code = {job['exit']}")
    print("}")
    return 0


def _own_domain(session: Session) -> str:
    return "system" if session.who.uid == 0 else f"gui/{session.who.uid}"


def _list(session: Session) -> int:
    print("PID\tStatus\tLabel")
    for label, job in sorted(_domains(session).get(_own_domain(session), {}).items()):
        print(f"{job['pid'] or '-'}\t{job.get('exit', 0)}\t{label}")
    return 0


def _list_one(session: Session, label: str) -> int:
    job = _domains(session).get(_own_domain(session), {}).get(label)
    if job is None:
        raise ToolError(f'Could not find service "{label}" in domain for system', 113)
    pid = f'\t"PID" = {job["pid"]};\n' if job["pid"] else ""
    print(f'{{\n\t"Label" = "{label}";\n{pid}\t"LastExitStatus" = {job.get("exit", 0)};\n}};')
    return 0


def _bootstrap(session: Session, domain: str, file: str) -> int:
    _need_root(session, domain)
    job = launchd.read(file)
    if domain == "system":
        launchd.check_file(file)
    label = job["Label"]
    state = session.state.read()["launchd"]
    if domain not in state["jobs"]:
        raise ToolError("Bootstrap failed: 125: Domain does not support specified action", 125)
    disabled = state["disabled"].get(domain, {}).get(label, job.get("Disabled", False))
    if label in state["jobs"][domain] or disabled:
        raise ToolError(
            "Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors.", 5
        )
    launchd.load(session, domain, file, job)
    return 0


def _bootout(session: Session, target: str, arguments: list[str]) -> int:
    domain, label = _split(session, target, arguments)
    _need_root(session, domain)
    with session.state.edit() as data:
        if data["launchd"]["jobs"].get(domain, {}).pop(label, None) is None:
            raise ToolError("Boot-out failed: 3: No such process", 3)
    return 0


def _kickstart(session: Session, target: str, arguments: list[str], *, restart: bool) -> int:
    domain, label = _split(session, target, arguments)
    _need_root(session, domain)
    if label not in session.state.read()["launchd"]["jobs"].get(domain, {}):
        raise ToolError(f'Could not find service "{label}" in domain for {domain}', 113)
    launchd.start(session, domain, label, restart=restart)
    return 0


TOOLS = {"launchctl": launchctl}
