"""ls, stat, readlink, chmod, chown, chgrp, shasum, md5 in their BSD forms."""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import re
import stat as st
import sys
import time

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, each, not_modelled, short_options


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def ls(_: Session, arguments: list[str]) -> int:
    """`ls [-1aAdlnq] [file ...]`."""
    flags, paths = short_options("ls", arguments, "1aAdlnq")
    several = len(paths) > 1

    def show(path: str) -> None:
        if "d" in flags or not os.path.isdir(path):
            os.lstat(path)
            _list(flags, [(path, path)])
            return
        names = sorted(os.listdir(path))
        if "a" in flags:
            names = [".", "..", *names]
        elif "A" not in flags:
            names = [name for name in names if not name.startswith(".")]
        if several:
            print(f"{path}:")
        if "l" in flags or "n" in flags:
            print(f"total {len(names) * 8}")
        _list(flags, [(name, os.path.join(path, name)) for name in names])

    return each("ls", paths or ["."], show)


def _list(flags: set[str], rows: list[tuple[str, str]]) -> None:
    for name, path in rows:
        if not flags & {"l", "n"}:
            print(name)
            continue
        found = os.lstat(path)
        owner, group = (
            (str(found.st_uid), str(found.st_gid)) if "n" in flags else (_user(found.st_uid), _group(found.st_gid))
        )
        when = time.strftime("%b %e %H:%M", time.localtime(found.st_mtime))
        arrow = f" -> {os.readlink(path)}" if st.S_ISLNK(found.st_mode) else ""
        start = f"{st.filemode(found.st_mode)}  {found.st_nlink} {owner:<8} {group:<8} {found.st_size:>8}"
        print(f"{start} {when} {name}{arrow}")


def stat(_: Session, arguments: list[str]) -> int:
    """`stat [-L] [-n] [-q] [-f format] [file ...]` (BSD: -f is the output format, there is no -c)."""
    rest, form, flags = list(arguments), None, set()
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        option = rest.pop(0)
        for at, letter in enumerate(option[1:], start=1):
            if letter == "f":
                form = option[at + 1 :] or rest.pop(0)
                break
            if letter not in "Lnq":
                usage = "usage: stat [-FLnq] [-f format | -l | -r | -s | -x] [-t timefmt] [file ...]"
                raise ToolError(f"stat: illegal option -- {letter}\n{usage}")
            flags.add(letter)
    if form is None:
        raise not_modelled("stat", arguments)
    code = 0
    for path in rest:
        try:
            found = os.stat(path) if "L" in flags else os.lstat(path)
        except OSError as error:
            if "q" not in flags:
                sys.stderr.write(f"stat: {path}: {'lstat' if 'L' not in flags else 'stat'}: {error.strerror}\n")
            code = 1
            continue
        sys.stdout.write(_format(form, path, found) + ("" if "n" in flags else "\n"))
    return code


def _format(form: str, path: str, found: os.stat_result) -> str:
    """Fill in a format; facts: stat(1) of FreeBSD, which macOS shares."""
    values = {
        "Su": lambda: _user(found.st_uid),
        "Sg": lambda: _group(found.st_gid),
        "Sp": lambda: st.filemode(found.st_mode),
        "Lp": lambda: f"{found.st_mode & 0o777:o}",
        "Mp": lambda: f"{(found.st_mode >> 9) & 7:o}",
        "OLp": lambda: f"{found.st_mode & 0o777:o}",
        "A": lambda: f"{found.st_mode & 0o7777:o}",
        "OMp": lambda: f"{(found.st_mode >> 9) & 7:o}",
        "p": lambda: f"{found.st_mode:o}",
        "HT": lambda: _kind(found.st_mode),
        "T": lambda: {"Directory": "/", "Symbolic Link": "@"}.get(_kind(found.st_mode), ""),
        "u": lambda: str(found.st_uid),
        "g": lambda: str(found.st_gid),
        "z": lambda: str(found.st_size),
        "m": lambda: str(int(found.st_mtime)),
        "a": lambda: str(int(found.st_atime)),
        "c": lambda: str(int(found.st_ctime)),
        "B": lambda: str(int(found.st_ctime)),
        "i": lambda: str(found.st_ino),
        "l": lambda: str(found.st_nlink),
        "d": lambda: str(found.st_dev),
        "N": lambda: path,
        "Y": lambda: os.readlink(path) if st.S_ISLNK(found.st_mode) else "",
        "n": lambda: "\n",
        "t": lambda: "\t",
        "%": lambda: "%",
    }

    def fill(match: re.Match[str]) -> str:
        if match.group(1) not in values:
            raise ToolError(f"lab: stat -f {form!r} is not modelled ({match.group(0)})", 127)
        return values[match.group(1)]()

    return re.sub(r"%((?:[OSHLM]*[A-Za-z%]))", fill, form)


def _kind(mode: int) -> str:
    kinds = {
        st.S_IFDIR: "Directory",
        st.S_IFREG: "Regular File",
        st.S_IFLNK: "Symbolic Link",
        st.S_IFCHR: "Character Device",
    }
    return kinds.get(st.S_IFMT(mode), "???")


def readlink(session: Session, arguments: list[str]) -> int:
    """`readlink [-f] [-n] file ` (-f since macOS 12.3)."""
    flags, paths = short_options("readlink", arguments, "fn")
    if "f" in flags and session.state.read()["system"]["product_version"].split(".")[0] == "11":
        raise ToolError("readlink: illegal option -- f\nusage: readlink [-n] [file ...]")
    code = 0
    for path in paths:
        try:
            target = os.path.realpath(path) if "f" in flags else os.readlink(path)
        except OSError:
            code = 1
            continue
        sys.stdout.write(target + ("" if "n" in flags else "\n"))
    return code


_SYMBOLIC = re.compile(r"([ugoa]*)((?:[+=-][rwxXst]*)+)")


def _changed_mode(old: int, spec: str) -> int:
    if re.fullmatch("[0-7]{1,4}", spec):
        return int(spec, 8)
    mode = old & 0o7777
    for part in spec.split(","):
        match = _SYMBOLIC.fullmatch(part)
        if match is None:
            raise ToolError(f"chmod: Invalid file mode: {spec}")
        who = "ugo" if match.group(1) in ("", "a") else match.group(1)
        for how, what in re.findall(r"([+=-])([rwxXst]*)", match.group(2)):
            mode = _apply(mode, who, how, what.replace("X", "x" if st.S_ISDIR(old) or old & 0o111 else ""))
    return mode


def _apply(mode: int, who: str, how: str, what: str) -> int:
    bits = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in set(what))
    for letter in who:
        shift = {"u": 6, "g": 3, "o": 0}[letter]
        if how == "=":
            mode &= ~(7 << shift)
        mode = mode & ~(bits << shift) if how == "-" else mode | bits << shift
    if "t" in what:
        mode = mode & ~st.S_ISVTX if how == "-" else mode | st.S_ISVTX
    if "s" in what:
        special = (st.S_ISUID if "u" in who else 0) | (st.S_ISGID if "g" in who else 0)
        mode = mode & ~special if how == "-" else mode | special
    return mode


def _walk(path: str, deep: bool) -> list[str]:
    if not deep or not os.path.isdir(path) or os.path.islink(path):
        return [path]
    return [
        path,
        *(os.path.join(folder, name) for folder, folders, files in os.walk(path) for name in [*folders, *files]),
    ]


def chmod(_: Session, arguments: list[str]) -> int:
    """`chmod [-R] [-h] mode file `."""
    rest, flags = list(arguments), set()
    while rest and rest[0] in ("-R", "-h", "-f"):
        flags.add(rest.pop(0))
    spec, *paths = rest
    if spec.startswith("+a"):
        raise not_modelled("chmod", arguments)

    def change(path: str) -> None:
        for each_path in _walk(path, "-R" in flags):
            os.chmod(each_path, _changed_mode(os.stat(each_path).st_mode, spec))

    return each("chmod", paths, change)


def _change_owner(tool: str, spec: str, paths: list[str], flags: set[str]) -> int:
    user, _, group = spec.partition(":") if tool == "chown" else ("", "", spec)
    try:
        uid = -1 if not user else int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid
        gid = -1 if not group else int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError:
        kind = "user" if user and not any(user == entry.pw_name for entry in pwd.getpwall()) else "group"
        raise ToolError(f"{tool}: {user if kind == 'user' else group}: illegal {kind} name") from None

    def change(path: str) -> None:
        for each_path in _walk(path, "R" in flags):
            os.chown(each_path, uid, gid, follow_symlinks="h" not in flags)

    return each(tool, paths, change)


def chown(_: Session, arguments: list[str]) -> int:
    """`chown [-R] [-h] user[:group] file ...`."""
    flags, (spec, *paths) = short_options("chown", arguments, "Rhf")
    return _change_owner("chown", spec, paths, flags)


def chgrp(_: Session, arguments: list[str]) -> int:
    """`chgrp [-R] [-h] group file `."""
    flags, (spec, *paths) = short_options("chgrp", arguments, "Rhf")
    return _change_owner("chgrp", spec, paths, flags)


def shasum(_: Session, arguments: list[str]) -> int:
    """`shasum [-a 1|224|256|384|512] [file ...]`."""
    rest, kind = list(arguments), "1"
    if rest and rest[0].startswith("-a"):
        kind = rest.pop(0)[2:] or rest.pop(0)
    if kind not in ("1", "224", "256", "384", "512") or any(part.startswith("-") and part != "-" for part in rest):
        raise not_modelled("shasum", arguments)

    def show(path: str) -> None:
        print(f"{hashlib.new(f'sha{kind}', _content(path)).hexdigest()}  {path}")

    return each("shasum", rest or ["-"], show)


def md5(_: Session, arguments: list[str]) -> int:
    """`md5 [-q] [file ...]`; without a file the digest alone."""
    flags, paths = short_options("md5", arguments, "q")

    def show(path: str) -> None:
        digest = hashlib.md5(_content(path), usedforsecurity=False).hexdigest()
        print(digest if "q" in flags or path == "-" else f"MD5 ({path}) = {digest}")

    return each("md5", paths or ["-"], show)


def _content(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


TOOLS = {
    "chgrp": chgrp,
    "chmod": chmod,
    "chown": chown,
    "ls": ls,
    "md5": md5,
    "readlink": readlink,
    "shasum": shasum,
    "stat": stat,
}
