"""The report page for everybody: keyboard alone, any colours, paper, a phone, 200 % zoom, no script."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.samples.fleet import WAIVERS, sample_fleet

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE: dict[str, Any] = {"runOnly": {"type": "tag", "values": RULES}}


def sees_no_barrier(page: Page) -> None:
    found = Axe().run(page, options=AXE).response
    assert len(found["passes"]) > 25, "axe looked at nothing"
    assert {item["id"]: [node["html"][:160] for node in item["nodes"]] for item in found["violations"]} == {}


def focused(page: Page) -> str:
    return page.evaluate(
        "(() => { const f = document.activeElement;"
        " return f.id || f.name || f.dataset.language || f.dataset.sort || f.className || f.textContent; })()"
    )


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# Each pair of scheme, language and width.
@pytest.mark.parametrize(
    ("scheme", "language", "width"),
    [("light", "en", 1280), ("dark", "ja", 1280), ("light", "ja", 360), ("dark", "en", 360)],
)
def test_axe_sees_no_barrier_in_either_scheme_language_or_width(open_page: Open, scheme, language, width):
    page = open_page(fragment=f"#lang={language}&good=1", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.locator("#trend-details summary").click()
    sees_no_barrier(page)


# Blends what is half transparent, down to the page; 4.5 is what WCAG AA asks for of small text.
CONTRAST = """() => {
  const rgb = (text) => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  let seen = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility() || node.closest('script, svg')) continue;
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen += 1;
    if (ratio < 4.5) found.push([node.className, node.textContent.slice(0, 30), ratio.toFixed(2)]);
  }
  return [seen, found];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(open_page: Open, scheme: str):
    page = open_page(color_scheme=scheme)
    seen, found = page.evaluate(CONTRAST)
    assert seen > 250
    assert found == []


def test_the_dark_scheme_is_dark_and_the_paper_is_white(open_page: Open):
    page = open_page(color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(20, 23, 27)"
    page.emulate_media(media="print")
    assert page.evaluate(background) == "rgb(255, 255, 255)"


def test_all_can_be_reached_and_used_by_keyboard(open_page: Open):
    page = open_page()
    page.keyboard.press("Tab")
    assert focused(page) == "skip"
    expect(page.locator("#skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert focused(page) == "findings-title"
    order = []
    for _ in range(10):
        page.keyboard.press("Tab")
        order.append(focused(page))
    reset = page.get_by_role("button", name="Reset filters")
    assert order[:8] == ["q", "host", "control", "status", "owner", "severity", "news", "good"]
    page.locator("[name=good]").focus()
    page.keyboard.press("Space")
    expect(page.locator("#count")).to_contain_text("572 of 572")
    page.keyboard.press("Tab")
    expect(reset).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_contain_text("12 of 572")
    page.locator("[name=severity]").focus()
    page.keyboard.press("l")
    expect(page.locator("#count")).to_contain_text("1 of 572")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "host"
    page.keyboard.type("pc-")
    expect(page.locator("#count")).to_contain_text("0 of 572")


def test_the_fleet_is_one_stop_of_the_tab_key_and_arrows_move_in_it(open_page: Open):
    page = open_page()
    page.locator('[data-language="ja"]').focus()
    page.keyboard.press("Tab")
    cell = page.locator(".cell:focus")
    expect(cell).to_have_attribute("aria-label", "nb-0101.example.org, not good")
    expect(page.locator("#cell")).to_contain_text("nb-0101.example.org · not good · 佐藤 花子 · 2 drifted")
    for key, name in [
        ("ArrowRight", "nb-0102.example.org, not good"),
        ("ArrowLeft", "nb-0101.example.org, not good"),
        ("ArrowLeft", "nb-0101.example.org, not good"),
        ("End", "mb-0308.example.org, retired"),
        ("Home", "nb-0101.example.org, not good"),
    ]:
        page.keyboard.press(key)
        expect(cell).to_have_attribute("aria-label", name)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('section').className") == "kind is-new"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(
        "document.activeElement.offsetTop > document.activeElement.parentElement.children[0].offsetTop"
    )
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_contain_text("2 of 572")
    assert focused(page) == "findings-title"


def test_what_has_the_focus_shows_it(open_page: Open):
    page = open_page()
    for _ in range(20):
        page.keyboard.press("Tab")
        style = page.evaluate("(({outlineStyle, outlineWidth}) => [outlineStyle, outlineWidth])"
                              "(getComputedStyle(document.activeElement))")  # fmt: skip
        assert style == ["solid", "3px"], focused(page)


def test_the_number_of_rows_is_reported_to_who_does_not_see_it(open_page: Open):
    page = open_page()
    expect(page.get_by_role("status")).to_have_text("12 of 572 rows shown · 560 compliant hidden")


def test_a_row_is_a_row_and_its_endpoint_the_heading_of_it(open_page: Open):
    page = open_page(fragment="#host=nb-0103", viewport={"width": 360, "height": 800})
    table = page.get_by_role("table", name="Not good, or not measured")
    assert table.get_by_role("columnheader").count() == 7
    expect(table.get_by_role("rowheader")).to_contain_text("nb-0103")
    assert page.locator("#body tr").get_by_role("cell").count() == 6


@pytest.mark.parametrize("width", [320, 375, 640, 960, 961, 1280, 1920])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_nothing_sticks_out_at_any_width(open_page: Open, width: int, language: str):
    page = open_page(fragment=f"#good=1&lang={language}", viewport={"width": width, "height": 800})
    assert fits(page)
    hidden = page.evaluate(
        "[...document.querySelectorAll('#body td, #body th, #count, h1, label, button')]"
        ".filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && one.clientWidth)"
        ".map((one) => [one.className, one.textContent.slice(0, 40)])"
    )
    assert hidden == []


def test_a_phone_loses_no_field(open_page: Open):
    wide, narrow = open_page(), open_page(viewport={"width": 360, "height": 800})
    expect(narrow.locator("#body tr")).to_have_count(12)
    for selector in (
        "#body td > *",
        "#body th > *",
        "#columns button",
        "#filters [name]",
        ".kind li",
        "#waiver-list td > *",
    ):
        visible = [one.locator(selector).locator("visible=true").count() for one in (wide, narrow)]
        assert visible[0] == visible[1] > 0, selector


def test_twice_the_size_loses_nothing(open_page: Open):
    # What a browser at 200 % makes of a window 1280 wide.
    page = open_page(viewport={"width": 640, "height": 450}, device_scale_factor=2)
    assert fits(page)
    expect(page.locator("#body tr")).to_have_count(12)


def test_in_forced_colours_states_and_differences_can_still_be_distinguished(open_page: Open):
    page = open_page(forced_colors="active")
    colour = "(one) => getComputedStyle(one).backgroundColor"
    cells = [page.locator(f".cell.is-{state}").first for state in ("not_good", "good", "not_measured")]
    assert [cell.inner_text() for cell in cells] == ["!", "✓", "?"]
    assert cells[0].evaluate(colour) != cells[1].evaluate(colour)
    assert page.locator("mark").first.evaluate("(one) => getComputedStyle(one).textDecorationLine") == "underline"


def test_nothing_is_reported_by_colour_alone(open_page: Open):
    page = open_page()
    for tag in page.locator(".tag").all():
        assert len(tag.inner_text().split()) >= 2
    styles = {
        state: page.locator(f".cell.is-{state}").first.evaluate("(one) => getComputedStyle(one).borderStyle")
        for state in ("not_measured", "good", "retired")
    }
    assert styles == {"not_measured": "dashed", "good": "solid", "retired": "dotted"}
    assert page.locator("#chart pattern").count() == 3


def test_paper_has_all_rows_that_fit_the_filters_and_no_controls(open_page: Open):
    page = open_page(sample_fleet(60), waivers=WAIVERS, fragment="#good=1&q=nb-")
    expect(page.locator("#body tr")).to_have_count(100)
    page.emulate_media(media="print")
    expect(page.locator("#body tr")).to_have_count(1110)
    for selector in ("#filters", "#more", ".sections", ".languages", "#cell", ".kind button", "#trend-details"):
        assert page.locator(selector).locator("visible=true").count() == 0, selector
    expect(page.locator("#count")).to_contain_text("1,110 of 1,382 rows shown · Filters: Search “nb-”")
    assert page.locator("#rows thead").evaluate("(one) => getComputedStyle(one).display") == "table-header-group"
    page.emulate_media(media="screen")
    expect(page.locator("#body tr")).to_have_count(100)


def test_printing_prints_all_rows(open_page: Open):
    page = open_page(fragment="#good=1")
    page.evaluate(
        "addEventListener('beforeprint', () => { window.printed = document.querySelectorAll('#body tr').length; })"
    )
    pdf = page.pdf(format="A4", landscape=True)
    assert pdf.startswith(b"%PDF-")
    assert page.evaluate("window.printed") == 572
    expect(page.locator("#body tr")).to_have_count(100)


def test_without_script_there_is_the_verdict_and_what_is_not_good(open_page: Open):
    page = open_page(java_script_enabled=False)
    expect(page.locator("h1")).to_contain_text("Not good: 559 of 567 controls on 26 of 30 endpoints")
    expect(page.locator("#measured")).to_have_text("Measured 2026-11-23 00:10 UTC")
    expect(page.locator(".no-script")).to_be_visible()
    expect(page.locator("table.plain tbody tr:visible")).to_have_count(12)
    expect(page.locator("table.plain").first).to_contain_text("fg.example.org:10443")
    assert page.locator(".needs-script").locator("visible=true").count() == 0


def test_without_script_a_phone_can_show_it_too(open_page: Open):
    page = open_page(java_script_enabled=False, viewport={"width": 360, "height": 800})
    expect(page.locator(".plain").first).to_be_visible()
