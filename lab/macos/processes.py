"""The borders of a simulated process: who it is, what the system is called, and the programs it starts."""

from __future__ import annotations

import grp
import os
import posix
import pwd
import sys
from types import ModuleType
from typing import Any, NoReturn

from lab.macos.overlay import install_files
from lab.macos.session import Session
from lab.macos.state import USER_VARIABLE

_execve = os.execve


def install(state_file: str) -> Session:
    """Make this process one of the simulated Mac's; return its session."""
    session = Session(state_file, os.environ.get(USER_VARIABLE))
    _install_system(session)
    _hide_the_lab(session)
    install_files(session)
    _install_identity(session)
    _install_exec(session)
    return session


def _hide_the_lab(session: Session) -> None:
    virtual = session.paths.text_to_virtual
    sys.argv[:] = [virtual(argument) for argument in sys.argv]
    for name, value in list(os.environ.items()):
        if name == "PYTHONPATH" or name.startswith("LAB_MAC_"):
            del os.environ[name]
        elif session.paths.root in value:
            os.environ[name] = virtual(value)


def _install_identity(session: Session) -> None:
    data = session.state.read()
    who = session.who
    for name in ("getuid", "geteuid"):
        setattr(os, name, lambda: who.uid)
    for name in ("getgid", "getegid"):
        setattr(os, name, lambda: who.gid)
    os.getgroups = lambda: sorted(who.groups)
    os.getlogin = lambda: who.name

    people = [
        pwd.struct_passwd((name, "********", user["uid"], user["gid"], user["full_name"], user["home"], user["shell"]))
        for name, user in sorted(data["users"].items(), key=lambda item: item[1]["uid"])
    ]
    groups = [
        grp.struct_group((name, "*", group["gid"], list(group["members"])))
        for name, group in sorted(data["groups"].items(), key=lambda item: item[1]["gid"])
    ]
    _install_database(
        "pwd", pwd.struct_passwd, "struct_passwd", {"getpwnam": 0, "getpwuid": 2, "getpwall": None}, people
    )
    _install_database("grp", grp.struct_group, "struct_group", {"getgrnam": 0, "getgrgid": 2, "getgrall": None}, groups)


def _install_database(
    module: str, record: type, record_name: str, functions: dict[str, int | None], rows: list[Any]
) -> None:
    stand_in = ModuleType(module)
    setattr(stand_in, record_name, record)
    for function, column in functions.items():
        setattr(stand_in, function, _lookup(function, column, rows))
    sys.modules[module] = stand_in


def _lookup(function: str, column: int | None, rows: list[Any]) -> Any:
    if column is None:
        return lambda: list(rows)

    def find(wanted: str | int) -> Any:
        for row in rows:
            if row[column] == wanted:
                return row
        what = "name" if column == 0 else "uid" if function == "getpwuid" else "gid"
        raise KeyError(f"{function}(): {what} not found: {wanted!r}")

    return find


def _install_system(session: Session) -> None:
    system = session.state.read()["system"]
    release = system["kernel_release"]
    version = f"Darwin Kernel Version {release}: root:xnu~1/RELEASE_{system['architecture'].upper()}"
    uname = os.uname_result(("Darwin", system["host_name"], release, version, system["architecture"]))
    os.uname = lambda: uname
    sys.platform = "darwin"
    sys.executable = session.paths.virtual(os.environ.get("LAB_MAC_PYTHON", sys.executable))
    # A python.org Python has nothing installed besides itself; what the lab's own environment holds must not be
    # importable.
    sys.path[:] = [entry for entry in sys.path if not entry.rstrip("/").endswith(("site-packages", "dist-packages"))]
    # urllib imports this on Darwin; the C module does not exist elsewhere.
    scproxy = ModuleType("_scproxy")
    scproxy._get_proxies = dict  # type: ignore[attr-defined]
    scproxy._get_proxy_settings = lambda: {"exclude_simple": False, "exceptions": ()}  # type: ignore[attr-defined]
    sys.modules["_scproxy"] = scproxy
    # What Linux alone has; shutil would copy extended attributes by real paths.
    for name in ("listxattr", "getxattr", "setxattr", "removexattr", "posix_spawn", "posix_spawnp", "memfd_create"):
        if hasattr(os, name):
            delattr(os, name)
    _hide_shared_objects()


def _hide_shared_objects() -> None:
    """Let no ELF library be loaded by name: a Mac has none, and Ansible would ask the lab computer's SELinux."""
    import _ctypes  # noqa: PLC0415 - a shared object of its own

    original = getattr(_ctypes, "dlopen", None)
    if original is None:
        return

    def dlopen(name: Any, *args: Any) -> Any:
        if name and ".so" in os.fsdecode(name):
            raise OSError(f"dlopen({name}): no such file")
        return original(name, *args)

    _ctypes.dlopen = dlopen


class _Programs:
    """Starting programs: everything handed over is made real."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._paths = session.paths

    def text(self, value: Any) -> bytes:
        return os.fsencode(self._paths.text_to_real(os.fsdecode(os.fspath(value))))

    def environment(self, pairs: Any) -> list[bytes]:
        if pairs is None:
            pairs = [os.fsencode(f"{name}={value}") for name, value in os.environ.items()]
        return [self.text(pair) for pair in pairs if not pair.startswith(f"{USER_VARIABLE}=".encode())] + [
            f"{USER_VARIABLE}={self._session.who.name}".encode()
        ]

    def program(self, path: Any, arguments: list[bytes]) -> tuple[str, list[bytes]]:
        """Return what to start really; a script of the machine runs under its interpreter's stand-in."""
        virtual = os.fsdecode(path)
        real = self._paths.real(virtual)
        if not os.access(virtual, os.X_OK) or posix.access(real, os.X_OK):
            return real, arguments
        with open(virtual, "rb") as file:
            first = file.readline(256)
        if not first.startswith(b"#!"):
            return real, arguments
        interpreter = first[2:].split()
        if interpreter[:1] == [b"/usr/bin/env"]:
            interpreter = [b"/bin/" + interpreter[1]]
        return self._paths.real(os.fsdecode(interpreter[0])), [
            *map(self.text, interpreter),
            os.fsencode(real),
            *arguments[1:],
        ]


def _install_exec(session: Session) -> None:
    import _posixsubprocess  # noqa: PLC0415 - must be patched before subprocess takes its functions

    programs = _Programs(session)
    original = _posixsubprocess.fork_exec

    def fork_exec(args: Any, executables: Any, *more: Any) -> int:
        close_fds, pass_fds, cwd, env, *rest = more
        arguments = [programs.text(argument) for argument in args]
        found = [path for path in executables if os.access(path, os.X_OK) and not os.path.isdir(path)]
        program, arguments = programs.program(found[0] if found else executables[0], arguments)
        if cwd is not None:
            cwd = session.real(cwd)
        env = programs.environment(env)
        return original(arguments, (os.fsencode(program),), close_fds, pass_fds, cwd, env, *rest)

    def execve(path: Any, args: Any, env: Any) -> NoReturn:
        program, arguments = programs.program(path, [programs.text(argument) for argument in args])
        pairs = dict(
            pair.split(b"=", 1) for pair in programs.environment([os.fsencode(f"{k}={v}") for k, v in env.items()])
        )
        _execve(program, arguments, pairs)

    def system(command: str) -> int:
        import subprocess  # noqa: PLC0415 - after the patch above

        return subprocess.call(["/bin/sh", "-c", command]) << 8

    _posixsubprocess.fork_exec = fork_exec
    replaced: dict[str, Any] = {
        "execve": execve,
        "execv": lambda path, args: execve(path, args, os.environ),
        "system": system,
    }
    for name, function in replaced.items():
        setattr(os, name, function)
