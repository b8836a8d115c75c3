"""id, whoami and sudo, which checks the password in the machine's JSON and starts the command as the other user."""

from __future__ import annotations

import grp
import os
import pwd
import sys
import termios
from dataclasses import dataclass, field
from typing import NoReturn

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled, short_options

_TRIES = 3


def whoami(_: Session, arguments: list[str]) -> int:
    """`whoami`."""
    if arguments:
        raise ToolError("usage: whoami")
    print(pwd.getpwuid(os.getuid()).pw_name)
    return 0


def id_(session: Session, arguments: list[str]) -> int:
    """`id [-u|-g|-G] [-n] [-r] [user]`."""
    flags, rest = short_options("id", arguments, "ugGnrF")
    name = rest[0] if rest else session.who.name
    try:
        who = session.ownership.identity(name)
    except KeyError:
        raise ToolError(f"id: {name}: no such user") from None
    gids = [who.gid, *sorted(who.groups - {who.gid})]
    by_name = "n" in flags
    if "F" in flags:
        print(pwd.getpwnam(name).pw_gecos)
    elif "u" in flags:
        print(who.name if by_name else who.uid)
    elif "g" in flags:
        print(grp.getgrgid(who.gid).gr_name if by_name else who.gid)
    elif "G" in flags:
        print(" ".join(grp.getgrgid(gid).gr_name if by_name else str(gid) for gid in gids))
    else:
        named = ",".join(f"{gid}({grp.getgrgid(gid).gr_name})" for gid in gids)
        print(f"uid={who.uid}({who.name}) gid={who.gid}({grp.getgrgid(who.gid).gr_name}) groups={named}")
    return 0


@dataclass
class _Request:
    user: str = "root"
    prompt: str = "Password:"
    flags: set[str] = field(default_factory=set)
    command: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)


def _parse(arguments: list[str]) -> _Request:
    request, rest = _Request(), list(arguments)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            break
        for at, letter in enumerate(option[1:], start=1):
            if letter in "up":
                value = option[at + 1 :] or rest.pop(0)
                if letter == "u":
                    request.user = value
                else:
                    request.prompt = value
                break
            if letter not in "HSnEkivs":
                raise not_modelled("sudo", arguments)
            request.flags.add(letter)
    while rest and "=" in rest[0].split("/")[0]:
        name, value = rest.pop(0).split("=", 1)
        request.variables[name] = value
    request.command = rest
    return request


def sudo(session: Session, arguments: list[str]) -> int:
    """`sudo [-HSnEkivs] [-p prompt] [-u user] [VAR=value] command`."""
    request = _parse(arguments)
    if not request.command and not request.flags & {"v", "k", "i", "s"}:
        raise ToolError("usage: sudo -h | -K | -k | -V")
    users = session.state.read()["users"]
    if request.user not in users:
        raise ToolError(f"sudo: unknown user {request.user}")
    who = session.who
    if who.uid != 0:
        _authenticate(users[who.name]["password"], request)
        if "admin" not in [grp.getgrgid(gid).gr_name for gid in who.groups]:
            raise ToolError(
                f"{who.name} is not in the sudoers file.\nThis incident has been reported to the administrator."
            )
    if request.flags & {"i", "s"}:
        request.command = ["/bin/sh", "-c", " ".join(request.command)]
    if not request.command:
        return 0
    return _start(session, request)


def _authenticate(password: str, request: _Request) -> None:
    """Ask for the password as sudo does; the caller's standard input stays unread behind the line."""
    if "n" in request.flags:
        raise ToolError("sudo: a password is required")
    if "S" not in request.flags and not os.isatty(0):
        hint = "either use the -S option to read from standard input or configure an askpass helper"
        raise ToolError(f"sudo: a terminal is required to read the password; {hint}\nsudo: a password is required")
    for attempt in range(_TRIES):
        sys.stderr.write(request.prompt)
        sys.stderr.flush()
        given = _line()
        if given == password:
            return
        if given is None:
            sys.stderr.write("\n")
            raise ToolError(
                "sudo: no password was provided"
                if attempt == 0
                else f"sudo: {attempt} incorrect password attempt{'s' * (attempt > 1)}"
            )
        if attempt < _TRIES - 1:
            sys.stderr.write("Sorry, try again.\n")
    raise ToolError(f"sudo: {_TRIES} incorrect password attempts")


def _line() -> str | None:
    """Read one line byte by byte, since what follows belongs to the command; None at the end of the input."""
    echo = termios.tcgetattr(0) if os.isatty(0) else None
    if echo:
        silent = [*echo]
        silent[3] &= ~termios.ECHO
        termios.tcsetattr(0, termios.TCSADRAIN, silent)
    try:
        data = b""
        while (byte := os.read(0, 1)) not in (b"", b"\n"):
            data += byte
        return data.decode(errors="replace").rstrip("\r") if data or byte else None
    finally:
        if echo:
            termios.tcsetattr(0, termios.TCSADRAIN, echo)


def _start(session: Session, request: _Request) -> NoReturn:
    caller = session.who
    target = pwd.getpwnam(request.user)
    environment = {name: value for name, value in os.environ.items() if "E" in request.flags or name in _KEPT}
    environment |= {"USER": target.pw_name, "LOGNAME": target.pw_name, "SHELL": target.pw_shell}
    environment |= {"SUDO_USER": caller.name, "SUDO_UID": str(caller.uid), "SUDO_GID": str(caller.gid)}
    environment["SUDO_COMMAND"] = " ".join(request.command)
    if request.flags & {"H", "i"}:
        environment["HOME"] = target.pw_dir
    if "i" in request.flags:
        os.chdir(target.pw_dir)
    environment |= request.variables
    session.who = session.ownership.identity(request.user)
    try:
        os.execvpe(request.command[0], request.command, environment)
    except FileNotFoundError:
        raise ToolError(f"sudo: {request.command[0]}: command not found") from None


# macOS keeps HOME in its sudoers file. TMPDIR is each user's own there; here all share one.
_KEPT = ("HOME", "PATH", "TERM", "LANG", "LC_ALL", "TMPDIR", "TZ", "COLORTERM", "SSH_AUTH_SOCK")

TOOLS = {"id": id_, "sudo": sudo, "whoami": whoami}
