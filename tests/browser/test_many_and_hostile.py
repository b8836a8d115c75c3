"""The report page with 1,000 endpoints, and with texts that want to be code."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Open
from tests.samples.fleet import WAIVERS, sample_fleet
from tests.unit.plugins.reports.test_page import HOSTILE, hostile_records


def test_a_thousand_endpoints_make_a_page_of_few_nodes(open_page: Open):
    records = sample_fleet(1000)
    page = open_page(records, waivers=WAIVERS)
    assert len(records) == 26_762
    assert page.locator(".cell").count() == 1000
    nodes = "document.querySelectorAll('*').length"
    assert page.evaluate(nodes) < 4000
    page.get_by_role("switch", name="Show compliant").check()
    expect(page.locator("#count")).to_have_text("26,762 of 26,762 rows shown")
    expect(page.locator("#body tr")).to_have_count(100)
    assert page.evaluate(nodes) < 5500
    page.locator("[name=q]").fill("nb-10017 proxy.pac")
    expect(page.locator("#count")).to_contain_text("2 of 26,762 rows shown")
    expect(page.locator("#body .host").first).to_have_text("nb-10017.example.org")


def test_a_filter_looks_at_each_distinct_text_once_and_not_at_each_row(open_page: Open):
    page = open_page(sample_fleet(1000))
    distinct = page.evaluate("bodies.length + endpoints.length + DATA.rowWaivers.length")
    assert distinct < 1200
    page.evaluate(
        "() => { const real = String.prototype.includes; window.looks = 0;"
        " String.prototype.includes = function (...args) { window.looks += 1; return real.apply(this, args); }; }"
    )
    page.locator("[name=q]").fill("nb-10017")
    expect(page.locator("#count")).to_contain_text("Filters: Search")
    # One term, and the empty host filter: each text twice at most, and a few for the page itself.
    assert page.evaluate("window.looks") < 3 * distinct


@pytest.fixture
def hostile(open_page: Open):
    waivers = [
        {**WAIVERS[0], "control": text, "hosts": [text], "owner": text, "reason": text, "ticket": text}
        for text in HOSTILE
    ]
    return open_page(hostile_records(), waivers=waivers)


def test_hostile_text_is_shown_and_does_nothing(hostile):
    body = hostile.locator("#body").inner_text()
    for text in (
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "a\\nb\\r\\tc",
        "\\u2028\\u2029",
        "\\u202eabc\\u2066",
        "\\ud800",
        "{{ 7 * 7 }}{% raw %}",
        "__proto__",
    ):
        assert text in body
    assert hostile.locator("script").count() == 3
    assert hostile.evaluate("({}).polluted === undefined && Object.keys(Object.prototype).length === 0")


def test_hostile_text_stays_text_through_every_control(hostile):
    rows = hostile.locator("#body tr").count()
    for name in ("control", "owner"):
        select = hostile.locator(f"[name={name}]")
        choices = select.locator("option").evaluate_all("(all) => all.map((one) => one.value)")
        assert len(choices) > len(HOSTILE)
        for choice in choices[1:]:
            select.select_option(choice)
            if choice != "a.b":
                expect(hostile.locator("#body tr").first).to_be_visible()
        select.select_option("")
    hostile.get_by_role("button", name="日本語").click()
    for button in hostile.locator("#columns button").all():
        button.click()
    hostile.get_by_role("button", name="English").click()
    for cell in hostile.locator(".cell").all():
        cell.click()
        expect(hostile.locator("#body tr").first).to_be_visible()
    for button in hostile.locator(".kind li button").all():
        button.click()
        expect(hostile.locator("#body tr").first).to_be_visible()
    hostile.get_by_role("button", name="Reset filters").click()
    expect(hostile.locator("#body tr")).to_have_count(rows)


def test_a_hostile_address_is_only_text(open_page: Open):
    page = open_page(
        fragment="#q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&host=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    )
    expect(page.locator("#count")).to_contain_text("0 of 572 rows shown")
    expect(page.locator("#count")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("main img").count() == 0


def test_the_policy_of_the_page_refuses_what_is_not_its_own(browser: Browser, sample: Path):
    page = browser.new_page()
    page.goto(sample.as_uri())
    refused = page.evaluate(
        """async () => {
          const refusals = [];
          document.addEventListener("securitypolicyviolation", (event) => refusals.push(event.effectiveDirective));
          window.ran = false;
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          document.body.append(script);
          await new Promise((done) => setTimeout(done, 50));
          return [window.ran, refusals];
        }"""
    )
    page.close()
    assert refused == [False, ["script-src-elem"]]


def test_a_host_name_of_a_megabyte_does_not_fill_the_page(open_page: Open):
    records = [{**one, "endpoint": "h" * 1_000_000, "owner": "o" * 1_000_000} for one in sample_fleet()[:30]]
    page = open_page(records)
    assert len(page.locator("body").inner_text()) < 100_000
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
