"""cat, cp, ln, mkdir, mv, rm, rmdir, touch, tee, dd, mktemp: their owners, modes and refusals are a Mac's."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, each, not_modelled, short_options


def cat(_: Session, arguments: list[str]) -> int:
    """`cat [-u] [file ...]`."""
    _flags, paths = short_options("cat", arguments, "u")

    def show(path: str) -> None:
        if path == "-":
            shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)
            return
        if os.path.isdir(path):
            raise IsADirectoryError(21, "Is a directory", path)
        with open(path, "rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()

    return each("cat", paths or ["-"], show)


def mkdir(_: Session, arguments: list[str]) -> int:
    """`mkdir [-p] [-m mode] directory `."""
    mode = None
    rest = list(arguments)
    if "-m" in rest:
        at = rest.index("-m")
        mode = int(rest[at + 1], 8)
        del rest[at : at + 2]
    flags, paths = short_options("mkdir", rest, "p")

    def make(path: str) -> None:
        if "p" in flags:
            os.makedirs(path, exist_ok=True)
        else:
            os.mkdir(path)
        if mode is not None:
            os.chmod(path, mode)

    return each("mkdir", paths, make)


def rmdir(_: Session, arguments: list[str]) -> int:
    """`rmdir directory `."""
    return each("rmdir", short_options("rmdir", arguments, "")[1], os.rmdir)


def rm(_: Session, arguments: list[str]) -> int:
    """`rm [-f] [-r|-R] file `."""
    flags, paths = short_options("rm", arguments, "frR")

    def remove(path: str) -> None:
        if "f" in flags and not os.path.lexists(path):
            return
        if os.path.isdir(path) and not os.path.islink(path):
            if not flags & {"r", "R"}:
                raise IsADirectoryError(21, "is a directory", path)
            shutil.rmtree(path)
        else:
            os.unlink(path)

    return each("rm", paths, remove)


def _target(source: str, target: str) -> str:
    return os.path.join(target, os.path.basename(source.rstrip("/"))) if os.path.isdir(target) else target


def cp(_: Session, arguments: list[str]) -> int:
    """`cp [-f] [-p] [-r|-R|-a] source ... target`."""
    flags, paths = short_options("cp", arguments, "afpRr")
    *sources, target = paths
    copy_file = shutil.copy2 if flags & {"a", "p"} else shutil.copyfile

    def copy(source: str) -> None:
        goal = _target(source, target)
        if os.path.isdir(source):
            if not flags & {"a", "r", "R"}:
                raise IsADirectoryError(21, "is a directory (not copied).", source)
            shutil.copytree(source, goal, symlinks=True, copy_function=copy_file)
            return
        mode = os.stat(source).st_mode & 0o777
        existed = os.path.exists(goal)
        copy_file(source, goal)
        if not existed and not flags & {"a", "p"}:
            os.chmod(goal, mode & ~_umask())
        if flags & {"a", "p"} and os.getuid() == 0:
            found = os.stat(source)
            os.chown(goal, found.st_uid, found.st_gid)

    return each("cp", sources, copy)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def mv(_: Session, arguments: list[str]) -> int:
    """`mv [-f] [-n] source ... target`."""
    flags, paths = short_options("mv", arguments, "fn")
    *sources, target = paths

    def move(source: str) -> None:
        goal = _target(source, target)
        if not ("n" in flags and os.path.lexists(goal)):
            os.rename(source, goal)

    return each("mv", sources, move)


def ln(_: Session, arguments: list[str]) -> int:
    """`ln [-s] [-f] [-n|-h] source target`."""
    flags, paths = short_options("ln", arguments, "sfnh")
    if len(paths) != 2:
        raise not_modelled("ln", arguments)
    source, goal = paths[0], paths[1] if flags & {"n", "h"} else _target(paths[0], paths[1])

    def make(target: str) -> None:
        if "f" in flags and os.path.lexists(target):
            os.unlink(target)
        if "s" in flags:
            os.symlink(source, target)
        else:
            os.link(source, target)

    return each("ln", [goal], make)


def touch(_: Session, arguments: list[str]) -> int:
    """`touch [-c] file `."""
    flags, paths = short_options("touch", arguments, "c")

    def mark(path: str) -> None:
        if os.path.exists(path):
            os.utime(path)
        elif "c" not in flags:
            with open(path, "ab"):
                pass

    return each("touch", paths, mark)


def tee(_: Session, arguments: list[str]) -> int:
    """`tee [-a] file `."""
    flags, paths = short_options("tee", arguments, "a")
    text = sys.stdin.buffer.read()
    sys.stdout.buffer.write(text)

    def save(path: str) -> None:
        with open(path, "ab" if "a" in flags else "wb") as file:
            file.write(text)

    return each("tee", paths, save)


def dd(_: Session, arguments: list[str]) -> int:
    """`dd [if=file] [of=file] [bs=n]`: the form in which Ansible pipes a file over."""
    named = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    if len(named) != len(arguments) or set(named) - {"if", "of", "bs"}:
        raise not_modelled("dd", arguments)
    try:
        with open(named["if"], "rb") if "if" in named else sys.stdin.buffer as source:
            data = source.read()
        with open(named["of"], "wb") if "of" in named else sys.stdout.buffer as target:
            target.write(data)
    except OSError as error:
        raise ToolError(f"dd: {error.filename}: {error.strerror}") from error
    sys.stderr.write(f"{len(data)} bytes transferred\n")
    return 0


def mktemp(_: Session, arguments: list[str]) -> int:
    """`mktemp [-d] [template ending in XXXXXX]`."""
    flags, paths = short_options("mktemp", arguments, "dq")
    prefix, folder = "tmp.", tempfile.gettempdir()
    if paths:
        folder, prefix = os.path.dirname(paths[0]) or ".", os.path.basename(paths[0]).rstrip("X")
    make = tempfile.mkdtemp if "d" in flags else lambda **more: tempfile.mkstemp(**more)[1]
    print(make(prefix=prefix, dir=folder))
    return 0


TOOLS = {
    "cat": cat,
    "cp": cp,
    "dd": dd,
    "ln": ln,
    "mkdir": mkdir,
    "mktemp": mktemp,
    "mv": mv,
    "rm": rm,
    "rmdir": rmdir,
    "tee": tee,
    "touch": touch,
}
