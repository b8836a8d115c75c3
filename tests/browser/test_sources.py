"""Why a control wants what it wants: a link in its row, to a section that the page carries with it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from plugins.plugin_utils.records.records import record, stamp
from tests.browser.conftest import Open
from tests.browser.test_everybody import sees_no_barrier

TWO = "service.md#proxy-on-a-mac: words; macos.md#proxy-of-the-primary-service"
NOWHERE = "nowhere.md#at-all"


def run() -> list[dict[str, Any]]:
    items = [
        record("a.a", "drifted", role="a", why="service.md#file-shares: shares need a password"),
        record("a.b", "drifted", role="a", why=TWO),
        record("a.c", "drifted", role="a", why=f"{NOWHERE}: <b>x</b>"),
        record("a.d", "drifted", role="a"),
    ]
    return stamp(items, run="r1", endpoint="pc1", at="2026-11-23T14:30:00Z", versions={})


def row(page: Page, control: str) -> Any:
    return page.locator("#body tr").filter(has_text=control).locator("td").nth(4)


def test_a_link_leads_to_the_section_in_the_page_and_keeps_the_filters(open_page: Open):
    page = open_page(run(), fragment="#severity=high")
    expect(row(page, "a.a")).to_contain_text("Why: service.md#file-shares: shares need a password")
    row(page, "a.a").get_by_role("link", name="service.md#file-shares").click()
    head = page.locator("h3:focus")
    expect(head).to_have_text("File shares The service (one organisation, an example)")
    expect(head).to_be_in_viewport()
    expect(page.locator(".source").filter(has=head)).to_contain_text("shares need a password")
    assert page.evaluate("location.hash") == "#severity=high"


def test_each_of_several_has_its_link_and_what_leads_nowhere_is_text(open_page: Open):
    page = open_page(run())
    links = row(page, "a.b").get_by_role("link")
    assert links.all_inner_texts() == ["service.md#proxy-on-a-mac", "macos.md#proxy-of-the-primary-service"]
    expect(row(page, "a.b")).to_contain_text(f"Why: {TWO}")
    links.nth(1).click()
    expect(page.locator("h3:focus")).to_have_text("Proxy of the primary service macOS")
    expect(row(page, "a.c")).to_contain_text(f"Why: {NOWHERE}: <b>x</b>")
    assert row(page, "a.c").get_by_role("link").count() == 0
    expect(row(page, "a.d")).not_to_contain_text("Why:")


def test_only_the_sections_that_are_referred_to_are_carried(open_page: Open):
    page = open_page(run())
    assert page.locator(".source h3").all_inner_texts() == [
        "Proxy of the primary service macOS",
        "File shares The service (one organisation, an example)",
        "Proxy on a Mac The service (one organisation, an example)",
    ]
    assert open_page().locator("#sources").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_sections_shut_nobody_out(open_page: Open, scheme: str, language: str):
    page = open_page(run(), fragment=f"#lang={language}", color_scheme=scheme, viewport={"width": 360, "height": 800})
    sees_no_barrier(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".source").first.get_attribute("lang") == "en"
