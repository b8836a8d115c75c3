"""A port on which nobody answers, as that of a machine that is switched off.

A closed port on this host refuses at once, and a switched-off machine never does. A listening socket whose queue is
full and that nobody accepts from comes close: the kernel drops further connection requests, and the client waits until
its own time limit.
"""

from __future__ import annotations

import contextlib
import socket

_FILLERS = 4  # one more than any kernel was seen to queue for a backlog of 0


class Silence:
    """Keeps one port silent between `begin` and `end`."""

    def __init__(self) -> None:
        """Nothing is silent yet."""
        self._sockets: list[socket.socket] = []

    def begin(self, port: int) -> None:
        """Take 127.0.0.1:port. Raises OSError when it is in use."""
        silent = socket.socket()
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        silent.bind(("127.0.0.1", port))
        silent.listen(0)
        self._sockets.append(silent)
        for _ in range(_FILLERS):
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(("127.0.0.1", port))
            self._sockets.append(filler)

    def end(self) -> None:
        """Give the port free."""
        for each in self._sockets:
            each.close()
        self._sockets.clear()
