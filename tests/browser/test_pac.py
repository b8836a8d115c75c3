"""Chromium itself is asked what its functions for a PAC answer and what it tells one of a URL, and this check the same.

What `alert` says in a PAC stands in Chromium's net log. The literals in tests/samples/pac.py are what Chromium 156
said, so a test that fails here and not in tests/unit/plugins/handover/test_pac.py tells of a newer Chromium.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserType, Error

from plugins.plugin_utils.handover.pac_text import decoded
from tests.browser.conftest import program
from tests.samples.pac import ADDRESSES, CLOCK, EXPRESSIONS, NEVER_ASKED, SAID, URLS, ZONE

TYPE = "application/x-ns-proxy-autoconfig"
# Chromium resolves some twenty names for one request, and refuses to resolve more.
AT_ONCE = 8
# Literals are left to the resolver; all else resolves as the table says.
LITERALS = ("127.0.0.1", "*:*", "192.0.2.1", "127.1", "1.2.3.256", "*localhost")
RULES = [
    *(f"MAP {name} {f'[{address}]' if ':' in address else address}" for name, address in ADDRESSES.items()),
    *(f"EXCLUDE {literal}" for literal in LITERALS),
    "MAP * ~NOTFOUND",
]
# Nothing listens there, so nothing leaves this machine, and no request waits for an answer.
NOWHERE = "PROXY 127.0.0.1:1"


@contextmanager
def served(pac: bytes, kind: str) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(pac)

        def log_message(self, *_words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/proxy.pac"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> BrowserType:
    """A browser of our own for each PAC, from the playwright that the session's browser came from."""
    return browser.browser_type


def heard(chromium: BrowserType, folder: Path, pac: bytes, urls: Iterable[str], kind: str = TYPE) -> list[str]:
    """Return what the PAC says by `alert` when these URLs are opened."""
    log = folder / "net.json"
    with served(pac, kind) as address:
        browser = chromium.launch(
            executable_path=program(),
            env={"TZ": ZONE},
            args=[
                "--no-sandbox",
                f"--proxy-pac-url={address}",
                f"--log-net-log={log}",
                f"--host-resolver-rules={', '.join(RULES)}",
            ],
        )
        page = browser.new_page()
        # A page may not ask for an address with a user in it; a person may.
        plain = [url for url in urls if "@" not in url.partition("?")[0]]
        page.evaluate("urls => Promise.allSettled(urls.map(url => fetch(url, { mode: 'no-cors' })))", plain)
        for url in urls:
            if url not in plain:
                with pytest.raises(Error, match="PROXY_CONNECTION_FAILED"):
                    page.goto(url)
        # The log is whole when the browser has ended.
        browser.close()
    written = json.loads(log.read_text(encoding="utf-8"))
    alerts = written["constants"]["logEventTypes"]["PAC_JAVASCRIPT_ALERT"]
    return [event["params"]["message"] for event in written["events"] if event["type"] == alerts]


def test_a_hundred_expressions_have_the_answers_that_the_check_gives(chromium: BrowserType, tmp_path: Path):
    asked = list(EXPRESSIONS)
    pac = f"""{CLOCK}{SAID}
    var asked = {json.dumps(asked)};
    function FindProxyForURL(url, host) {{
      var part = /^ask(\\d+)[.]/.exec(host);
      if (part) asked.slice(part[1] * {AT_ONCE}, part[1] * {AT_ONCE} + {AT_ONCE}).forEach(function (one) {{
        alert(JSON.stringify([one, said(one)]));
      }});
      return "{NOWHERE}";
    }}"""
    urls = [f"http://ask{part}.example.org/" for part in range(-(-len(asked) // AT_ONCE))]
    said = heard(chromium, tmp_path, pac.encode("utf-8-sig"), urls)
    assert len(asked) >= 100
    assert dict(map(tuple, map(json.loads, said))) == EXPRESSIONS


def test_a_url_is_told_to_a_pac_as_the_check_tells_it(chromium: BrowserType, tmp_path: Path):
    pac = f'function FindProxyForURL(url, host) {{ alert(JSON.stringify([url, host])); return "{NOWHERE}"; }}'
    said = heard(chromium, tmp_path, pac.encode(), [*URLS, *NEVER_ASKED])
    # The browser looks for updates of its own parts.
    found = {(url, host) for url, host in map(json.loads, said) if "google" not in host}
    assert found == set(URLS.values())


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("\ufeffé日本".encode("utf-16-le"), TYPE),
        ("é日本".encode(), TYPE),
        ("日本".encode("cp932"), f"{TYPE}; charset=Shift_JIS"),
    ],
)
def test_bytes_are_the_text_that_the_check_reads(chromium: BrowserType, tmp_path: Path, raw: bytes, kind: str):
    wide = b"\0" in raw
    before, after = (
        part.encode("utf-16-le" if wide else "ascii")
        for part in ('function FindProxyForURL() { alert("<', f'>"); return "{NOWHERE}"; }}')
    )
    mark = b"\xff\xfe" if wide else b""
    pac = mark + before + raw.removeprefix(mark) + after
    said = set(heard(chromium, tmp_path, pac, ["http://www.example.org/"], kind))
    assert len(said) == 1
    assert f'alert("{said.pop()}")' in decoded(pac, kind).text
