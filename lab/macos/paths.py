"""Where a Mac's absolute paths lie on the computer that runs the lab, and back.

Two views of one file: *virtual* (`/Library/x`, what a Mac's user writes) and *real* (`<root>/Library/x`). Programs that
know nothing of the lab (the shell, grep, ...) see real paths; Python and the stand-in tools see virtual ones. Text is
translated at the borders.
"""

from __future__ import annotations

import re

# Names at the top of a Mac's disk, and those of a Linux disk: a Mac has no /proc, so `cat /proc/cpuinfo` must look for
# it in the machine's tree and fail.
_TOP = (
    "Applications|Library|Network|System|Users|Volumes|bin|cores|etc|home|opt|private|sbin|tmp|usr|var"
    "|boot|lib|lib64|media|mnt|proc|root|run|snap|srv|sys"
)
# A path starts a word: after the start of the text, a blank or an operator, with quotes or backslashes in between.
# After anything else
# ("$HOME"/Library, http://host/tmp, s/etc/x/) the slash continues a word.
_BOUNDARY = r"(^|[\s=:;&|<>(,\[{@!`])"
_QUOTES = r"([\"'\\]*)"
_END = r"(?=$|[/\s\"'\\;&|<>)}:,`\]*?])"
_CD_TO_TOP = re.compile(r"""\b(cd\s+["']?)/(?=$|[\s;&|"')])""")
_HOME = re.compile(rf"{_BOUNDARY}{_QUOTES}~([A-Za-z_][\w.-]*){_END}")
# Devices that are the same everywhere; every other absolute path belongs to the machine.
_SHARED_DEVICES = (
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/stdin",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd/",
)
SAFE_ROOT = re.compile(r"/[A-Za-z0-9_./+-]*[A-Za-z0-9_+-]")


class Paths:
    """Translation between one machine's virtual and real paths.

    `root`: the machine's tree, absolute and free of symbolic links; `homes`: home directory by user name, for `~user`;
    `shared`: real directories that virtual programs may read too (Python's own library).
    Raises ValueError for a root that could not stand unquoted inside a shell command.
    """

    def __init__(self, root: str, homes: dict[str, str], shared: tuple[str, ...] = ()) -> None:
        if not SAFE_ROOT.fullmatch(root):
            raise ValueError(
                f"the state directory {root!r} can't be used for simulated Macs: its path may hold only letters, "
                "digits and _ . / + -; choose another with --state-dir"
            )
        self.root = root
        # What is real already stays: the root may itself lie in /tmp or /Users.
        self._absolute = re.compile(rf"{_BOUNDARY}{_QUOTES}(?!{re.escape(root)}{_END})/({_TOP}|dev/console){_END}")
        self._homes = homes
        self._shared = tuple(f"{directory.rstrip('/')}/" for directory in shared)

    def real(self, path: str) -> str:
        """Return the real path of a virtual one; relative, already real and shared paths stay as they are."""
        if not path.startswith("/") or path == self.root or path.startswith(f"{self.root}/"):
            return path
        if path.startswith(_SHARED_DEVICES) or f"{path}/".startswith(self._shared):
            return path
        return self.root + path if path != "/" else self.root

    def virtual(self, path: str) -> str:
        """Return the virtual path of a real one; others stay as they are."""
        if path == self.root:
            return "/"
        return path[len(self.root) :] if path.startswith(f"{self.root}/") else path

    def text_to_real(self, text: str) -> str:
        """Translate the paths that start a word anywhere in a command line or an argument, nested quoting included."""
        text = _HOME.sub(self._expand_home, text)
        text = self._absolute.sub(rf"\1\2{self.root}/\3", text)
        return _CD_TO_TOP.sub(rf"\1{self.root}/", text)

    def text_to_virtual(self, text: str) -> str:
        """Take the root out of a text again."""
        return text.replace(f"{self.root}/", "/").replace(self.root, "/")

    def _expand_home(self, match: re.Match[str]) -> str:
        boundary, quotes, user = match.groups()
        # Inside quotes a tilde is a tilde; one level of quotes is the `sh -c '...'` around the command.
        home = self._homes.get(user)
        return f"{boundary}{quotes}{home}" if home and not quotes else match.group(0)


class OutputFilter:
    """Takes the root out of a stream of bytes, also where a chunk ends inside it."""

    def __init__(self, root: str) -> None:
        self._root = root.encode()
        self._kept = b""

    def feed(self, data: bytes) -> bytes:
        """Return what can be passed on of the data so far."""
        data = self._kept + data
        keep = self._unfinished(data)
        self._kept = data[len(data) - keep :] if keep else b""
        return self._clean(data[: len(data) - keep])

    def finish(self) -> bytes:
        """Return what is left at the end of the stream."""
        data, self._kept = self._clean(self._kept), b""
        return data

    def _unfinished(self, data: bytes) -> int:
        # One byte more than the root decides between <root>/x and <root> alone.
        for length in range(min(len(self._root), len(data)), 0, -1):
            if self._root.startswith(data[-length:]):
                # A slash that follows the root may also begin another one.
                return length + (len(self._root) if data[:-length].endswith(self._root) else 0)
        return 0

    def _clean(self, data: bytes) -> bytes:
        return data.replace(self._root + b"/", b"/").replace(self._root, b"/")
