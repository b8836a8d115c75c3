"""The gateway's certificate, looked at on real TLS servers in this process and judged."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from plugins.action.gateway_certificate import look
from plugins.plugin_utils.handover.certificate import fits, judge

NAME = "fg.example.org"
NOW = datetime.now(UTC).replace(microsecond=0)


@contextmanager
def served(answer: Callable[[socket.socket], Any], family: int = socket.AF_INET) -> Iterator[int]:
    """Answer every connection with a function until the block ends; its port is given."""
    with socket.socket(family) as listener:
        listener.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        listener.listen()
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        answer(connection)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="Example CA")


class Seen:
    """A TLS server's answer that keeps what clients send after the handshake."""

    def __init__(self, leaf: trustme.LeafCert) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(self.context)
        self.sent: list[bytes] = []

    def __call__(self, connection: socket.socket) -> None:
        with self.context.wrap_socket(connection, server_side=True) as tls:
            self.sent.append(tls.recv(100))


@pytest.fixture
def judged(authority: trustme.CA, tmp_path: Path) -> Callable[..., Any]:
    """Return a function that serves a certificate, and looks at it and judges it."""
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))

    def run(*names: str, days: int = 30, trusted: bool = True, by: trustme.CA = authority, **dates: Any) -> Any:
        answer = Seen(by.issue_cert(*(names or (NAME,)), **dates))
        with served(answer) as port:
            found = look(NAME, port, "127.0.0.1", str(ca) if trusted else "", 5)
        assert [sent for sent in answer.sent if sent] == []
        return judge(found, NAME, days, NOW)

    return run


def test_a_good_certificate_is_compliant_and_reported(judged):
    result = judged(not_after=datetime(2046, 7, 1, tzinfo=UTC))
    assert (result.status, result.reason, result.next) == ("compliant", "", "")
    assert result.actual == "for fg.example.org, valid until 2046-07-01"


def test_a_wildcard_for_the_domain_is_a_good_certificate(judged):
    assert judged("*.example.org").status == "compliant"


def test_another_name(judged):
    result = judged("vpn.example.org", "www.example.org")
    assert result.status == "drifted"
    assert result.reason == "the gateway's certificate is for vpn.example.org, www.example.org, not for fg.example.org"
    assert "never tell people to accept a warning" in result.next


def test_a_certificate_for_the_address_alone_is_none_for_the_name(judged):
    assert judged("192.0.2.7").reason == "the gateway's certificate is for 192.0.2.7, not for fg.example.org"


def test_expired(judged):
    end = NOW - timedelta(days=3)
    result = judged(not_before=NOW - timedelta(days=90), not_after=end)
    assert (result.status, result.reason) == ("drifted", f"the gateway's certificate expired on {end:%Y-%m-%d}")


def test_not_valid_yet(judged):
    begin = NOW + timedelta(days=3)
    result = judged(not_before=begin)
    assert (result.status, result.reason) == (
        "drifted",
        f"the gateway's certificate is not valid before {begin:%Y-%m-%d}",
    )


def test_expired_and_for_another_name_are_both_reported(judged):
    end = NOW - timedelta(days=3)
    result = judged("vpn.example.org", not_before=NOW - timedelta(days=90), not_after=end)
    assert result.reason == (
        f"the gateway's certificate expired on {end:%Y-%m-%d}; it is for vpn.example.org, not for fg.example.org"
    )


def test_near_its_end(judged):
    end = NOW + timedelta(days=5, hours=1)
    result = judged(not_after=end)
    assert result.status == "drifted"
    assert result.reason == (f"the gateway's certificate ends on {end:%Y-%m-%d} (full days left: 5, required: 30)")


@pytest.mark.parametrize(("hours", "status"), [(30 * 24 + 1, "compliant"), (30 * 24 - 1, "drifted")])
def test_the_wanted_days_are_a_limit(judged, hours, status):
    assert judged(not_after=NOW + timedelta(hours=hours)).status == status


def test_signed_by_nobody_whom_the_system_trusts(judged):
    result = judged(trusted=False)
    assert result.status == "drifted"
    assert "is not trusted (" in result.reason
    assert result.reason.endswith("); it was issued by Example CA")
    assert "handover_gateway_ca_path has to name it" in result.next


def test_an_unknown_ca_and_another_name_are_both_reported(judged):
    reason = judged("vpn.example.org", by=trustme.CA(organization_name="Some Box")).reason
    assert reason.startswith(
        "the gateway's certificate is for vpn.example.org, not for fg.example.org; it is not trusted"
    )
    assert reason.endswith("issued by Some Box")


def test_a_server_that_speaks_no_tls():
    with served(lambda connection: (connection.sendall(b"HTTP/1.0 400 no\r\n\r\n"), connection.recv(1000))) as port:
        found = look(NAME, port, "127.0.0.1", timeout_seconds=5)
    assert found["error"].startswith(f"127.0.0.1:{port} does not speak TLS as it should (")


def test_a_server_that_hangs_up():
    with served(lambda _connection: None) as port:
        found = look(NAME, port, "127.0.0.1", timeout_seconds=5)
    assert found["error"].startswith(f"127.0.0.1:{port} does not speak TLS as it should (")


def test_a_silent_server_costs_no_more_than_the_time_allowed():
    over = threading.Event()
    with served(lambda _connection: over.wait(10)) as port:
        begin = time.monotonic()
        found = look(NAME, port, "127.0.0.1", timeout_seconds=0.5)
        assert time.monotonic() - begin < 3
        over.set()
    assert found["error"] == (
        f"127.0.0.1:{port} takes the connection, but says nothing for 0.5 s: it is no TLS server, or it hangs"
    )


def test_a_server_that_drips_costs_no_more_either():
    def drip(connection: socket.socket) -> None:
        # The beginning of a handshake message of 16 KB, a byte at a time.
        connection.sendall(b"\x16\x03\x03\x40\x00")
        for _ in range(100):
            connection.sendall(b"\x02")
            time.sleep(0.05)

    with served(drip) as port:
        begin = time.monotonic()
        found = look(NAME, port, "127.0.0.1", timeout_seconds=0.5)
        assert time.monotonic() - begin < 3
    assert found["error"] != ""


def test_a_refused_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = look(NAME, port, "127.0.0.1", timeout_seconds=5)
    result = judge(found, NAME, 30, NOW)
    assert (result.status, result.reason) == (
        "error",
        f"127.0.0.1:{port} refuses the connection: nothing listens there",
    )
    assert "handover_gateway_address" in result.next


def test_a_name_without_an_address():
    found = look("fg.invalid", 443, timeout_seconds=5)
    assert found["error"] == "fg.invalid:443: the name has no address on this controller"


def test_a_ca_file_that_is_none(tmp_path):
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate")
    found = look(NAME, 443, "127.0.0.1", str(wrong))
    assert found["error"].startswith(f"handover_gateway_ca_path: {wrong} holds no certificate that can be used")


def test_a_certificate_that_cannot_be_read_is_an_error():
    found = {
        "error": "",
        "address": "a:1",
        "verified": False,
        "verify_code": 0,
        "verify_words": "x",
        "certificate": None,
    }
    assert judge(found, NAME, 30, NOW).status == "error"


def test_words_of_tls_that_dates_and_name_do_not_explain_are_reported():
    """An expired certificate in the chain, say: the server's own is good."""
    own = {"names": [NAME], "issuer": "CA", "not_before": "2026-01-01T00:00:00Z", "not_after": "2029-01-01T00:00:00Z"}
    found = {"error": "", "address": "a:1", "verified": False, "verify_code": 10, "certificate": own}
    result = judge({**found, "verify_words": "certificate has expired"}, NAME, 30, datetime(2026, 12, 1, tzinfo=UTC))
    assert result.status == "drifted"
    assert "is not trusted (certificate has expired); it was issued by CA" in result.reason


@pytest.mark.parametrize(
    ("names", "right"),
    [
        (["fg.example.org"], True),
        (["FG.Example.ORG"], True),
        (["*.example.org"], True),
        (["*.fg.example.org"], False),
        (["*.org"], False),
        (["example.org"], False),
        (["*"], False),
        (["f*.example.org"], False),
        ([], False),
    ],
)
def test_whom_a_name_stands_for(names, right):
    assert fits("fg.example.org", names) is right
