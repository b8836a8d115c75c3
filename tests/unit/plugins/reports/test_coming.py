"""What is coming though all is good: on the screen with the endpoints' names, on the page with their number."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.records.records import check_record, merge, record, stamp
from plugins.plugin_utils.reports.files import write_all
from plugins.plugin_utils.reports.summary import data_lines, outcome

WORDS = "SSL-VPN ends (docs/x.md)"


def coming(endpoint: str, words: str = WORDS, control: str = "vpn_profile.ssl_vpn_mode") -> Any:
    found = {**record(control, "not_applicable", role="vpn_profile", instance="IMR"), "coming": words}
    return stamp([found], run="r1", endpoint=endpoint, at="2026-11-28T14:30:00Z", versions={})[0]


def test_the_screen_says_what_is_coming_and_for_whom():
    assert data_lines([coming("pc1")]) == f"Coming: {WORDS}: 1 endpoint (pc1)"
    records = merge(coming(name) for name in ("pc1", "pc2", "pc3", "pc4"))
    assert data_lines(records) == f"Coming: {WORDS}: 4 endpoints (pc1, pc2, pc3 and 1 more)"
    assert outcome(records, []).data == data_lines(records)


def test_two_connections_of_one_endpoint_are_one_endpoint_and_other_words_another_line():
    records = [coming("pc1"), {**coming("pc1"), "instance": "Two"}, coming("pc1", "Something else ends")]
    assert data_lines(merge(records[:2])) == f"Coming: {WORDS}: 1 endpoint (pc1)"
    assert len(data_lines(records).splitlines()) == 2


def test_nothing_is_said_where_nothing_is_coming_and_a_line_fits_the_screen():
    assert data_lines([{**coming("pc1"), "coming": ""}]) == ""
    long = data_lines([coming(f"a-long-name-of-a-laptop-in-some-laboratory-{number}") for number in range(9)])
    assert max(map(len, long.splitlines())) <= 100
    assert data_lines([coming("pc1", "a\x1b[31m")]).startswith("Coming: a\\x1b[31m")


def test_a_record_s_words_are_text():
    assert check_record(coming("pc1")) is None
    assert check_record({**coming("pc1"), "coming": True}) is not None


@pytest.mark.parametrize(
    ("language", "control", "words"),
    [
        ("en", "vpn_profile.ssl_vpn_mode", ["Coming: SSL-VPN ends (docs/x.md) (endpoints: 2)"]),
        ("ja", "vpn_profile.ssl_vpn_mode", ["今後の予定: ", "トンネルモードが廃止され", "対象 2 台"]),
        ("ja", "other.control", ["今後の予定: SSL-VPN ends (docs/x.md)", "対象 2 台"]),
    ],
)
def test_the_page_says_it_in_both_languages_without_a_script_too(tmp_path: Path, language, control, words):
    records = merge([coming("pc1", control=control), coming("pc2", control=control)])
    write_all(tmp_path / "report", records, {"formats": ["html"], "metrics_file": None, "language": language}, [])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    (shown,) = re.findall(r'<p id="coming">(.*?)</p>', page)
    assert [word for word in words if word not in shown] == []
    assert f'"coming":[["{control}","{WORDS}",2]]' in page
