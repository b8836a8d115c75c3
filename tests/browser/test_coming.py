"""What is coming, and how old the table of known vulnerabilities was: above all else, in both languages."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from plugins.plugin_utils.records.records import record, stamp
from tests.browser.conftest import Open
from tests.browser.test_everybody import sees_no_barrier


def run(day: str) -> list[dict[str, Any]]:
    items = [
        {**record("vpn_profile.ssl_vpn_mode", "not_applicable", role="vpn_profile"), "coming": "SSL-VPN <b>ends</b>"},
        {**record("other.control", "not_applicable", role="other"), "coming": "Something ends"},
        {**record("forticlient_install.vulnerable_version", "compliant", role="forticlient_install"), "data_of": day},
    ]
    return stamp(items, run="r1", endpoint="pc1", at="2026-11-28T14:30:00Z", versions={})


def test_both_lines_are_there_and_follow_the_language(open_page: Open):
    page = open_page(run("2026-08-29"))
    coming, table = page.locator("#coming"), page.locator("#table")
    expect(coming).to_have_text("Coming: Something ends (endpoints: 1)Coming: SSL-VPN <b>ends</b> (endpoints: 1)")
    expect(table).to_contain_text("by the table of 2026-08-29, which was 91 days old")
    page.get_by_role("button", name="日本語").click()
    expect(coming).to_contain_text("今後の予定: Something ends")
    expect(coming).to_contain_text("トンネルモードが廃止され")
    expect(table).to_contain_text("91 日経過しており")
    page.get_by_role("button", name="English").click()
    expect(coming).to_have_text("Coming: Something ends (endpoints: 1)Coming: SSL-VPN <b>ends</b> (endpoints: 1)")
    assert coming.locator("b").count() == 0
    sees_no_barrier(page)


def test_a_new_table_and_nothing_to_come_are_one_small_line(open_page: Open):
    page = open_page(run("2026-11-28")[2:])
    assert page.locator("#coming").count() == 0
    expect(page.locator("#table")).to_have_text("Known vulnerabilities: by the table of 2026-11-28")
