"""Notifications by mail and by webhook, with a mail server and a web server of the test's own."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from plugins.plugin_utils.records.records import record, stamp
from plugins.plugin_utils.reports.notify import notification
from tests.e2e.conftest import ROOT, program

STARTS = 9
AT = "2026-11-23T14:30:00Z"


class Mailbox:
    """Keeps what a mail server takes; it refuses whoever is called nobody."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Any]] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802  (aiosmtpd's name)
        if address.startswith("nobody@"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  (aiosmtpd's name)
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted; /broken answers 500."""

    posted: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posted.append(json.loads(body))
        self.send_response(500 if "broken" in self.path else 200)
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


class Servers:
    """Both servers, and the playbook that notifies them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.box = Mailbox()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.mail_port = free.getsockname()[1]
        self.mail = Controller(self.box, hostname="127.0.0.1", port=self.mail_port)
        self.mail.start()
        self.hook = type("OwnHook", (Hook,), {"posted": []})
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.hook)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.web.server_port}/services/T0KEN"

    def close(self) -> None:
        self.mail.stop()
        self.web.shutdown()

    def by_mail(self, *to: str) -> dict[str, Any]:
        where = {"endpoint_report_mail_host": "127.0.0.1", "endpoint_report_mail_port": self.mail_port}
        return {"endpoint_report_mail_to": list(to or ("it@example.org",)), **where}

    def notify(self, sent: Any, *options: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        file = self.folder / "sent.json"
        file.write_text(json.dumps(sent), encoding="utf-8")
        given = json.dumps({"notification": str(file), **variables})
        command = [program("ansible-playbook"), "-i", "nb-1,nb-2,nb-3,", "tests/e2e/notify.yml", "-e", given]
        output: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run([*command, *options], cwd=ROOT, text=True, env=os.environ, check=False, **output)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    both = Servers(tmp_path)
    yield both
    both.close()


def news(endpoint: str = "nb-1", reason: str = "is 1, should be 2") -> Any:
    item = record("vpn_profile.server", "drifted", role="vpn_profile", reason=reason, title="ゲートウェイ")
    (stamped,) = stamp([item], run="r", endpoint=endpoint, at=AT, versions={})
    return notification([{**stamped, "news": "new"}], "/srv/records/x.jsonl")


def test_one_mail_and_one_message_a_run_however_many_endpoints(servers):
    done = servers.notify(news(reason="値が違います"), **servers.by_mail(), endpoint_report_webhook_url=servers.url)
    assert done.returncode == 0, done.stdout
    ((to, mail),) = servers.box.mails
    assert to == ["it@example.org"]
    assert mail["subject"] == "Endpoints: 1 new on nb-1"
    text = mail.get_body(("plain",)).get_content()
    assert "- nb-1: vpn_profile.server (high)" in text
    assert "値が違います" in text
    assert "The whole report: /srv/records/x.jsonl" in text
    (posted,) = servers.hook.posted
    assert posted["new"][0]["control"] == "vpn_profile.server"
    assert "値が違います" in posted["text"]
    assert "T0KEN" not in done.stdout


@pytest.mark.parametrize("sent", [None, pytest.param({}, marks=pytest.mark.depth)])
def test_silence_when_nothing_is_new(servers, sent):
    done = servers.notify(sent, **servers.by_mail(), endpoint_report_webhook_url=servers.url)
    assert done.returncode == 0, done.stdout
    assert (servers.box.mails, servers.hook.posted) == ([], [])


def test_it_is_off_unless_somebody_is_named(servers):
    done = servers.notify(news())
    assert done.returncode == 0, done.stdout
    assert (servers.box.mails, servers.hook.posted) == ([], [])


def test_a_dry_run_notifies_nobody(servers):
    done = servers.notify(news(), "--check", **servers.by_mail(), endpoint_report_webhook_url=servers.url)
    assert done.returncode == 0, done.stdout
    assert (servers.box.mails, servers.hook.posted) == ([], [])


def test_what_a_hostile_endpoint_says_adds_no_header_and_is_no_template(servers):
    sent = news("nb\r\nBcc: all@example.org\r\n\r\nhello", "{{ lookup('pipe', 'id') }}")
    done = servers.notify(sent, **servers.by_mail(), endpoint_report_webhook_url=servers.url)
    assert done.returncode == 0, done.stdout
    ((to, mail),) = servers.box.mails
    assert to == ["it@example.org"]
    assert mail["bcc"] is None
    assert mail["subject"] == r"Endpoints: 1 new on nb\r\nBcc: all@example.org\r\…"
    assert "{{ lookup('pipe', 'id') }}" in servers.hook.posted[0]["new"][0]["reason"]


def test_a_mail_server_that_is_down_does_not_keep_the_webhook_from_being_notified(servers):
    given = {**servers.by_mail(), "endpoint_report_mail_port": 9, "endpoint_report_webhook_url": servers.url}
    done = servers.notify(news(), **given)
    assert done.returncode == 2
    words = " ".join(done.stdout.split())
    assert "Good; not everybody could be notified: mail: " in words
    assert "Connection refused" in words
    assert len(servers.hook.posted) == 1


def test_a_webhook_that_fails_ends_the_run_badly_and_its_address_stays_secret(servers):
    done = servers.notify(news(), **servers.by_mail(), endpoint_report_webhook_url=f"{servers.url}/broken")
    assert done.returncode == 2
    assert "Good; not everybody could be notified: webhook: Status code was 500" in " ".join(done.stdout.split())
    assert "T0KEN" not in done.stdout
    assert len(servers.box.mails) == 1


def test_one_person_who_cannot_be_reached_is_a_failure(servers):
    done = servers.notify(news(), **servers.by_mail("it@example.org", "nobody@example.org"))
    assert done.returncode == 2
    assert "mail: Failed to send mail to at least one recipient" in " ".join(done.stdout.split())
    assert [to for to, _mail in servers.box.mails] == [["it@example.org"]]


def test_a_password_is_not_sent_without_encryption_and_not_shown(servers):
    secret = {"endpoint_report_mail_username": "it", "endpoint_report_mail_password": "s3cret-word"}
    done = servers.notify(news(), "-vvv", **servers.by_mail(), **secret, endpoint_report_mail_secure="never")
    assert done.returncode == 2
    assert "StartTLS is not offered" in " ".join(done.stdout.split())
    assert "s3cret-word" not in done.stdout
    assert servers.box.mails == []
