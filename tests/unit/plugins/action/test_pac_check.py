"""Where a PAC comes from: fetched from a web server in this process, or read from a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from plugins.action.pac_check import read
from plugins.plugin_utils.handover.pac import PacError
from plugins.plugin_utils.handover.pac_text import Text

TYPE = "application/x-ns-proxy-autoconfig"
Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that makes the server give one answer, and returns where; its environment names no proxy."""
    answer: dict[str, Any] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer["code"])
            if answer["kind"]:
                self.send_header("Content-Type", answer["kind"])
            self.end_headers()
            self.wfile.write(answer["raw"])

        def log_message(self, *_words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def giving(raw: bytes = b"", kind: str = TYPE, code: int = 200, name: str = "proxy") -> str:
            answer.update(raw=raw, kind=kind, code=code)
            return f"http://127.0.0.1:{server.server_port}/{name}"

        yield giving
        server.shutdown()


def fetched(url: str) -> Text:
    return read({"pac": None, "path": None, "url": url})


def test_a_file_is_fetched_with_its_charset_and_without_a_proxy(serve, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    assert fetched(serve(b"\x93\xfa\x96\x7b", f"{TYPE}; charset=Shift_JIS")) == Text("日本")
    mark = ("the file begins with a byte order mark (UTF-16)",)
    assert fetched(serve("\ufeffé".encode("utf-16-le"))) == Text("é", mark)


@pytest.mark.parametrize(("kind", "name"), [("text/plain", "proxy.PAC"), ("", "wpad.dat"), ("text/javascript", "a.js")])
def test_windows_takes_another_type_by_the_name(serve, kind, name):
    assert fetched(serve(b"x", kind, name=name)) == Text("x")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"code": 404}, "proxy cannot be fetched by this controller: 404 Not Found"),
        ({"kind": "text/html", "name": "proxy?a.pac"}, "is served as 'text/html'. Windows takes a file of the type"),
        ({"kind": ""}, "is served as 'no type'. Windows takes a file of the type"),
        ({"raw": b"x" * 1048577}, "is larger than 1048576 bytes; browsers refuse it"),
    ],
)
def test_what_is_no_pac_is_refused(serve, answer, message):
    with pytest.raises(PacError) as caught:
        fetched(serve(**answer))
    assert message in str(caught.value)


def test_a_server_that_is_not_there_is_named():
    with pytest.raises(PacError, match=r"127\.0\.0\.1:9/proxy\.pac cannot be fetched by this controller: .*refused"):
        fetched("http://127.0.0.1:9/proxy.pac")


def test_a_file_is_read_as_bytes_and_one_that_is_not_there_is_named(tmp_path):
    file = tmp_path / "proxy.pac"
    file.write_bytes(b"\xef\xbb\xbfx")
    assert read({"pac": None, "path": str(file), "url": None}).text == "x"
    with pytest.raises(PacError, match=r"gone\.pac cannot be read on this controller: No such file or directory"):
        read({"pac": None, "path": str(tmp_path / "gone.pac"), "url": None})
