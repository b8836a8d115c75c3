"""What is sent after a run: news alone, in few lines, and nothing that an endpoint says is obeyed."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.records.records import record, stamp
from plugins.plugin_utils.reports.notify import notification

AT = "2026-11-23T14:30:00Z"
BEFORE = "2026-11-22T14:30:00Z"
WAIVER = {
    "control": "a.b",
    "hosts": ["nb-1"],
    "instance": None,
    "owner": "Sato",
    "reason": "old NAS",
    "expires": "2026-11-22",
    "ticket": "",
}


def made(status: str = "drifted", news: str = "new", endpoint: str = "nb-1", control: str = "a.b", **more: Any):
    parts = {name: more.pop(name) for name in ("instance", "reason", "actual") if name in more}
    item = record(control, status, role="a", title="A", **{"reason": "is 1, should be 2", **parts})
    (stamped,) = stamp([item], run="r", endpoint=endpoint, at=AT, versions={})
    return {**stamped, "news": news, **more}


def test_nothing_new_is_nothing_to_report():
    silent = [made(news="still"), made("compliant", "fixed", control="a.c"), made("compliant", "", control="a.d")]
    silent.append(
        made("waiver_expired", "still", control="a.e", waiver=WAIVER, changes=[{"at": BEFORE, "status": "error"}])
    )
    assert notification(silent) is None
    assert notification([]) is None


@pytest.mark.parametrize("status", ["drifted", "error", "managed_elsewhere"])
def test_what_went_wrong_is_reported(status):
    sent = notification([made(status), made(news="still", control="a.c")], "/srv/records/x.jsonl")
    assert [item["status"] for item in sent["new"]] == [status]
    assert sent["expired"] == []
    assert sent["subject"] == "Endpoints: 1 new on nb-1"


@pytest.mark.parametrize("status", ["unreachable", "offsite", "stale"])
def test_what_could_not_be_measured_is_no_news(status):
    assert notification([made(status)]) is None


def test_the_text_whole():
    records = [
        made(instance="IMR"),
        made("waiver_expired", "still", "nb-2", waiver=WAIVER, changes=[{"at": AT, "status": "waiver_expired"}]),
    ]
    sent = notification(records, "/srv/records/x.jsonl")
    assert sent["subject"] == "Endpoints: 1 new, 1 waiver expired on nb-1, nb-2"
    assert sent["text"] == (
        "New since the last time: 1\n"
        "- nb-1: a.b [IMR] (high)\n"
        "    is 1, should be 2\n"
        "    next: run site.yml for this endpoint; if the change was meant, change the inventory instead\n"
        "\n"
        "Waiver expired: 1\n"
        "- nb-2: a.b (high)\n"
        "    is 1, should be 2\n"
        "    waiver of Sato until 2026-11-22: old NAS\n"
        "    next: run site.yml for this endpoint, or renew the waiver\n"
        "\n"
        "The whole report: /srv/records/x.jsonl\n"
    )


def test_a_waiver_that_has_just_run_out_is_reported_once():
    sent = notification([made("waiver_expired", "new", waiver=WAIVER)])
    assert (len(sent["new"]), len(sent["expired"])) == (0, 1)


def test_the_order_of_the_records_does_not_matter():
    records = [made(endpoint=f"nb-{number}", control=f"a.{letter}") for number in (2, 1) for letter in "cb"]
    assert notification(records) == notification(reversed(records))


def test_a_long_list_is_cut_and_says_so():
    sent = notification([made(endpoint=f"nb-{number:03}") for number in range(300)], "/r")
    lines = sent["text"].splitlines()
    assert len(lines) == 52
    assert lines[-3:] == ["and 284 more", "", "The whole report: /r"]
    assert sent["subject"] == "Endpoints: 300 new on nb-000, nb-001, nb-002 and 297 more"
    assert sent["json"]["counts"] == {"new": 300, "waiver_expired": 0}
    assert len(sent["json"]["new"]) == 50


def test_once_one_is_left_out_all_that_follow_are():
    new = [made(endpoint=f"nb-{number:02}") for number in range(12)]
    expired = [made("waiver_expired", endpoint=f"pc-{number}", waiver=WAIVER) for number in range(3)]
    # It would still fit, since it has a line less.
    short = made("waiver_expired", endpoint="pc-9")
    text = notification([*new, *expired, short])["text"]
    assert "pc-1" in text
    assert "pc-2" not in text
    assert "pc-9" not in text
    assert text.splitlines()[-1] == "and 2 more"


def test_a_hostile_host_name_makes_no_header_and_no_long_line():
    sent = notification([made(endpoint="nb\r\nBcc: all@example.org\u2028\x00" + "x" * 1000, reason="y\n" * 500_000)])
    assert sent["subject"].startswith(r"Endpoints: 1 new on nb\r\nBcc: all")
    assert len(sent["subject"]) <= 120
    assert not [sign for sign in sent["subject"] if not sign.isprintable()]
    assert max(map(len, sent["text"].splitlines())) < 1000
    assert len(sent["text"].splitlines()) == 4


def test_a_chat_server_shows_the_text_and_obeys_nothing_in_it():
    text = notification([made(reason="<!channel> ``` <http://evil.example|click> @all")])["json"]["text"]
    assert text.startswith("```\n")
    assert text.endswith("\n```")
    assert text.count("`") == 6
    assert "<" not in text


def test_the_data_hold_no_values_of_the_endpoint():
    data = notification([made(actual="s3cret"), made("waiver_expired", control="a.c", waiver=WAIVER)])["json"]
    assert "s3cret" not in str(data)
    assert data["waiver_expired"] == [
        {
            "endpoint": "nb-1",
            "control": "a.c",
            "instance": None,
            "scope": "machine",
            "user": None,
            "status": "waiver_expired",
            "severity": "high",
            "reason": "is 1, should be 2",
            "since": None,
            "owner": None,
            "waiver_expires": "2026-11-22",
        }
    ]
