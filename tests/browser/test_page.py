"""What a person does with the report page: read, filter, sort, switch the language, send a link. By real clicks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from plugins.plugin_utils.records.records import record, stamp
from tests.browser.conftest import Open

ALL = "12 of 572 rows shown · 560 compliant hidden"


def shown(page: Page) -> list[str]:
    """Return the hosts of the rows, without their domain."""
    return [name.partition(".")[0] for name in page.locator("#body .host").all_inner_texts()]


def texts(page: Page, selector: str) -> list[str]:
    return [re.sub(r"\s+", " ", text).strip() for text in page.locator(selector).all_inner_texts()]


def on(endpoint: str, *items: dict[str, Any]) -> list[dict[str, Any]]:
    return stamp(items, run="r1", endpoint=endpoint, at="2026-11-23T14:30:00Z", versions={})


def test_the_first_screen_says_how_it_is_and_what_is_new(open_page: Open):
    page = open_page()
    expect(page.locator("h1")).to_have_text(
        "Not good: 559 of 567 controls on 26 of 30 endpoints compliant (1 fixed in this run, 1 waived); 6 drifted, "
        "1 managed elsewhere, 1 waiver expired; 4 endpoints not measured (1 unreachable, 1 offsite, 1 stale, 1 error)"
    )
    expect(page.locator("#measured time")).to_have_text("23 Nov 2026, 09:10")
    expect(page.locator("#measured time")).to_have_attribute("title", "2026-11-23 00:10 UTC")
    assert texts(page, ".figure") == [
        "! not good 7 of 30",
        "? not measured 4 of 30",
        "✓ good 18 of 30",
        "– retired 1 of 30",
    ]
    assert texts(page, "#figures > p") == [
        "559 of 567 controls compliant; endpoints measured: 26",
        "Endpoints not measured, and not in this number: 4",
    ]
    assert texts(page, "#news h3") == ["New 5", "Fixed 2", "Flapping 1", "Waivers newly expired 1"]
    headings = page.locator("h2").all_inner_texts()
    assert headings == ["Fleet", "Since last time", "Not good, or not measured", "Trend", "Waivers"]


def test_a_row_has_all_that_is_known_of_it(open_page: Open):
    page = open_page(fragment='#host="nb-0103.example.org"')
    row = texts(page, "#body tr > *")
    assert row == [
        "≠ drifted Severity: high New",
        "nb-0103.example.org 鈴木 一郎",
        "The connection has the desired remote gateway and port vpn_profile.server [Office]",
        "fg.example.org:443",
        "fg.example.org:10443 Read from: "
        "HKLM\\SOFTWARE\\Fortinet\\FortiClient\\Sslvpn\\Tunnels\\Office Server (REG_SZ)",
        'is "fg.example.org:10443", should be "fg.example.org:443" Next: run site.yml for this endpoint; if the change '
        "was meant, change the inventory instead",
        "in this run 23 Nov 2026, 09:10 the machine changed",
    ]
    assert page.locator("#body mark").all_inner_texts() == ["443", "10443"]
    assert page.locator("#body mark").first.evaluate("node => getComputedStyle(node).textDecorationLine") == "underline"


@pytest.mark.parametrize(
    ("host", "has"),
    [
        ("nb-0102", ["3 days", "20 Nov 2026, 09:10", "IT changed the desired value"]),
        ("nb-0101", ["7 days", "run site.yml; the user set the gateway's address by hand", "Still not good"]),
        ("pc-0201", ["put back by undo of run 20261120T143000.000000Z"]),
        ("pc-0202", ["↺\ufe0e flapping"]),
        ("pc-0203", ["waiver expired", "Waiver: Tanaka Ichiro · scanner in the basement", "IT-774 · until 2026-11-22"]),
        ("pc-0204", ["managed elsewhere", "Group Policy sets fDenyTSConnections", "ask the owner named above"]),
        ("nb-0106", ["offsite", "handed over", "14 days", "run again when it is back in the network"]),
        ("nb-0107", ["stale", "measure it again"]),
        ("nb-0105", ["unreachable", "no answer from nb-0105.example.org port 5986"]),
        ("mb-0301", ["error", "the answer is no state document"]),
    ],
)
def test_the_story_of_an_endpoint_is_in_its_rows(open_page: Open, host: str, has: list[str]):
    page = open_page(fragment=f"#host={host}")
    reported = page.locator("#body").inner_text()
    assert [text for text in has if text not in reported] == []


def test_what_was_fixed_shows_the_value_before(open_page: Open):
    page = open_page(fragment="#news=fixed")
    assert shown(page) == ["nb-0104", "nb-0104"]
    expect(page.locator("#body")).to_contain_text("Before: *")


@pytest.mark.parametrize(
    ("name", "chosen", "hosts", "count"),
    [
        ("host", "PC-020", ["pc-0201", "pc-0203", "pc-0204", "pc-0202"], "4 of 572"),
        ("host", '"pc-0201.example.org"', ["pc-0201"], "1 of 572"),
        ("host", '"pc-0201"', [], "0 of 572"),
        ("control", "vpn_profile.server", ["nb-0101", "nb-0103"], "2 of 572"),
        ("status", "unreachable", ["nb-0105"], "1 of 572"),
        ("status", "waived", ["nb-0108"], "1 of 572"),
        ("owner", "Tanaka Ichiro", ["pc-0204", "nb-0102", "nb-0106"], "3 of 572"),
        ("owner", "-", ["pc-0202"], "1 of 572"),
        ("severity", "low", ["nb-0102"], "1 of 572"),
        ("news", "new", ["nb-0103", "pc-0201", "pc-0203", "mb-0301", "pc-0202", "nb-0105"], "6 of 572"),
        ("news", "flapping", ["pc-0202"], "1 of 572"),
        ("q", "gateway 10443", ["nb-0103"], "1 of 572"),
        ("q", "basement", ["pc-0203"], "1 of 572"),
        ("q", "no such text", [], "0 of 572"),
    ],
)
def test_a_filter_shows_what_fits_and_how_many(open_page: Open, name: str, chosen: str, hosts: list[str], count: str):
    page = open_page()
    expect(page.locator("#count")).to_have_text(ALL)
    field = page.locator(f"[name={name}]")
    if name in ("host", "q"):
        field.click()
        page.keyboard.type(chosen)
    else:
        field.select_option(chosen)
    expect(page.locator("#count")).to_contain_text(f"{count} rows shown")
    assert shown(page) == hosts
    expect(page.locator("#nothing")).to_be_visible(visible=not hosts)


def test_filters_hold_together_and_the_button_takes_them_off(open_page: Open):
    page = open_page()
    page.locator("[name=host]").fill("nb-01")
    page.locator("[name=severity]").select_option("high")
    page.locator("[name=news]").select_option("still")
    expect(page.locator("#count")).to_have_text(
        "3 of 572 rows shown · 560 compliant hidden · "
        "Filters: Host “nb-01”, Severity high, Since last time Still not good"
    )
    page.get_by_role("button", name="Reset filters").click()
    expect(page.locator("#count")).to_have_text(ALL)
    assert page.locator("[name=host]").input_value() == ""
    assert page.evaluate("location.hash") in ("", "#")


def test_compliant_rows_come_with_a_switch(open_page: Open):
    page = open_page()
    switch = page.get_by_role("switch", name="Show compliant")
    switch.check()
    expect(page.locator("#count")).to_have_text("572 of 572 rows shown")
    expect(page.locator("#body tr")).to_have_count(100)
    page.get_by_role("button", name="Show 100 more").click()
    expect(page.locator("#body tr")).to_have_count(200)
    assert page.evaluate("[...document.querySelectorAll('#body tr')].indexOf(document.activeElement)") == 100
    page.get_by_role("button", name="Show all 572").click()
    expect(page.locator("#body tr")).to_have_count(572)
    expect(page.locator("#more")).to_be_hidden()
    switch.uncheck()
    expect(page.locator("#count")).to_have_text(ALL)


def test_a_link_shows_what_its_sender_saw(open_page: Open):
    page = open_page()
    page.locator("[name=host]").fill("nb-01")
    page.locator("[name=owner]").select_option("佐藤 花子")
    page.get_by_role("button", name="Since", exact=True).click()
    page.get_by_role("button", name="日本語").click()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    fragment = page.evaluate("location.hash")
    other = open_page(fragment=fragment)
    assert shown(other) == shown(page)
    assert other.locator("#count").inner_text() == page.locator("#count").inner_text()
    assert other.locator("[name=host]").input_value() == "nb-01"
    expect(other.locator("[aria-sort=ascending]")).to_have_text("発生時期↑\ufe0e")


def test_a_link_that_names_what_is_not_there_shows_everything(open_page: Open):
    page = open_page(fragment="#status=nonsense&lang=xx&sort=constructor&owner=__proto__&control=%3Cscript%3E")
    expect(page.locator("#count")).to_have_text(ALL)
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_changing_the_address_changes_the_filters(open_page: Open):
    page = open_page()
    page.evaluate("location.hash = '#host=pc-0201'")
    expect(page.locator("#count")).to_contain_text("1 of 572 rows shown")


@pytest.mark.parametrize(
    ("column", "first", "last"),
    [
        ("Endpoint", "mb-0301", "pc-0204"),
        ("Control", "nb-0105", "nb-0103"),
        ("Since", "nb-0107", "nb-0105"),
        ("Status", "nb-0101", "nb-0106"),
    ],
)
def test_columns_sort_both_ways_and_say_so(open_page: Open, column: str, first: str, last: str):
    page = open_page()
    button = page.get_by_role("button", name=column, exact=True)
    head = page.locator("#rows").get_by_role("columnheader", name=column, exact=True)
    expect(head).to_have_attribute("aria-sort", "none")
    button.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    up = page.locator("#body tr").all_inner_texts()
    button.click()
    expect(head).to_have_attribute("aria-sort", "descending")
    down = page.locator("#body tr").all_inner_texts()
    assert sorted(up) == sorted(down)
    assert up != down
    assert first in up[0]
    assert up[0] != down[0]
    expect(page.get_by_role("button", name=column, exact=True)).to_be_focused()
    assert last in "".join(up[-4:])


def test_the_language_switches_at_once_and_everywhere(open_page: Open):
    page = open_page()
    english = set(texts(page, "h2, h3, th button, label > span, .figure dt, summary"))
    page.get_by_role("button", name="日本語").click()
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    expect(page.locator("h1")).to_contain_text("要対応: 30 台中 26 台を測定し、567 項目中 559 項目が準拠")
    expect(page.get_by_role("button", name="日本語")).to_have_attribute("aria-pressed", "true")
    japanese = set(texts(page, "h2, h3, th button, label > span, .figure dt, summary"))
    assert english & japanese == set()
    expect(page.locator("#body")).to_contain_text("接続先のゲートウェイが指定どおり")
    expect(page.locator("#body")).to_contain_text("この端末に site.yml を実行してください")
    expect(page.locator("#body")).to_contain_text("3 日")
    expect(page.locator("#count")).to_have_text("572 件中 12 件を表示 · 準拠 560 件は非表示")
    assert page.title() == "端末監査レポート 2026-11-23"
    page.get_by_role("button", name="English").click()
    expect(page.locator("#count")).to_have_text(ALL)


def test_the_search_finds_japanese_titles_in_the_japanese_page(open_page: Open):
    page = open_page()
    page.locator("[name=q]").fill("接続先")
    expect(page.locator("#count")).to_contain_text("0 of 572 rows shown")
    page.get_by_role("button", name="日本語").click()
    expect(page.locator("#count")).to_contain_text("572 件中 2 件を表示")


def test_news_lead_to_their_rows(open_page: Open):
    page = open_page()
    page.locator(".kind.is-new li", has_text="pc-0201").get_by_role("button").click()
    assert shown(page) == ["pc-0201"]
    expect(page.locator("#findings-title")).to_be_focused()
    expect(page.locator("#findings-title")).to_be_in_viewport()


def test_a_cell_of_the_fleet_reports_its_endpoint_and_leads_to_it(open_page: Open):
    page = open_page()
    assert page.locator(".cell").count() == 30
    cell = page.get_by_role("button", name="pc-0204.example.org, not good")
    cell.hover()
    expect(page.locator("#cell")).to_have_text(
        "pc-0204.example.org · not good · Tanaka Ichiro · 1 managed elsewhere, 26 compliant · 23 Nov 2026, 09:10"
    )
    cell.click()
    assert shown(page) == ["pc-0204"]
    page.get_by_role("button", name="pc-0206.example.org, good").click()
    assert set(shown(page)) == {"pc-0206"}
    assert len(shown(page)) == 27


def test_nothing_new_is_said(open_page: Open):
    page = open_page(on("pc1", {**record("a.a", "compliant", role="a"), "news": ""}))
    expect(page.locator("#news")).to_contain_text("Nothing new since last time.")
    expect(page.locator("#nothing")).to_have_text("No open findings.")
    expect(page.locator("#waivers")).to_contain_text("There are no waivers.")


@pytest.mark.parametrize(("language", "words"), [("en", "not read"), ("ja", "未取得")])
def test_what_was_not_read_and_whom_it_concerns_are_in_words(open_page: Open, language: str, words: str):
    unread = record("a.a", "error", role="a", scope="S-1-5-21-1", expected=443, reason="access denied")
    page = open_page(on("pc1", {**unread, "user": "PC1\\taro"}))
    page.locator(f"[data-language={language}]").click()
    row = texts(page, "#body tr > *")
    assert row[4] == words
    assert "PC1\\taro (S-1-5-21-1)" in row[2]


def test_that_the_last_time_is_not_known_is_said(open_page: Open):
    page = open_page(on("pc1", record("a.a", "drifted", role="a", expected=1, actual=0)))
    expect(page.locator("#news")).to_contain_text("These records do not say what was found last time")
    assert "Nothing new" not in page.locator("#news").inner_text()


def test_a_page_without_records_says_so(open_page: Open):
    page = open_page([])
    expect(page.locator("h1")).to_have_text("Not good: no endpoint was in this run, so nothing was measured")
    expect(page.locator("#trend")).to_contain_text("There is no history yet.")
    expect(page.locator("#count")).to_have_text("0 of 0 rows shown")


def test_the_same_news_on_many_endpoints_is_one_line(open_page: Open):
    bad = {**record("a.a", "drifted", role="a", title="The thing is right"), "news": "new"}
    page = open_page([one for n in range(40) for one in on(f"pc{n:02}", bad)])
    item = page.locator(".kind.is-new li")
    expect(item).to_have_count(1)
    expect(item).to_contain_text("pc00, pc01, pc02, pc03, pc04, pc05 and 34 more")
    item.get_by_role("button").click()
    expect(page.locator("#count")).to_contain_text("40 of 40 rows shown")


def test_the_trend_is_drawn_and_reported(open_page: Open):
    page = open_page()
    picture = page.locator("#chart svg")
    assert picture.get_attribute("aria-label") == (
        "not good: 0 at first, 9 now, 9 at most; not measured: 0 at first, 3 now, 3 at most; "
        "good: 569 at first, 559 now, 569 at most"
    )
    lines = page.locator("#chart .line")
    assert lines.count() == 3
    assert all(
        re.fullmatch(r"M[\d.]+ [\d.]+(H[\d.]+V[\d.]+)*H[\d.]+", str(line.get_attribute("d"))) for line in lines.all()
    )
    page.get_by_text("The same as a table").click()
    assert texts(page, "#trend-rows tr:first-child > *") == ["23 Nov 2026, 09:10", "9", "3", "559"]
    assert texts(page, "#trend-rows tr:last-child > *") == ["26 Oct 2026, 09:10", "0", "0", "569"]


def test_waivers_are_listed_the_urgent_first(open_page: Open):
    page = open_page()
    assert texts(page, "#waiver-list td:first-child") == [
        "◆ Expired",
        "◷ Expiring soon",
        "? Matches no endpoint",
        "– Not needed",
        "◇ In use",
    ]
    expect(page.locator("#waiver-list tr", has_text="Expired")).to_contain_text("Tanaka Ichiro")
    expect(page.locator("#waiver-list tr", has_text="Expired")).to_contain_text("2026-11-22")


def test_a_long_value_is_there_when_somebody_asks(open_page: Open):
    # As a file of an older version holds it; records are cut today.
    long = {**record("a.a", "drifted", role="a", expected="x", reason="r" * 999), "actual": "y" * 1_000_000}
    (item,) = on("pc1", long)
    page = open_page([{**item, "actual": long["actual"]}])
    value = page.locator("#body td").nth(3)
    assert len(value.inner_text()) < 400
    value.get_by_text("all 1,000,000 characters").click()
    expect(value.locator(".all")).to_have_text("y" * 1_000_000)
    expect(page.locator("#body")).to_contain_text("all 999 characters")
