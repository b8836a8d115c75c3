"""The page for a laptop's user in a real browser: quiet, two sides of A4, readable on a phone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.handover.user_page import page
from tests.samples.user_page import CLIENTS, FACTS, TEMPLATE, WORDS

PAGES = [(client, language) for client in CLIENTS for language in ("ja", "en")]
# As much as a person has: one PC, three NAS, three printers, three test pages, two connections.
FULL = {
    "connections": [*FACTS["connections"], {**FACTS["connections"][0], "name": "IMR reserve"}],
    "nas": [{"name": f"nas-{number}", "address": f"172.20.90.{number}", "share": "data"} for number in (4, 5, 6)],
    "printers": [{"name": f"printer {number}", "address": f"172.20.90.{number}"} for number in (2, 3, 7)],
    "limited_pages": [f"http://web.imr.tohoku.ac.jp/~office/inside/{number}/" for number in (1, 2, 3)],
}


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Any:
    """Return a function that opens the page for a client; what the browser complains about fails the test."""
    complaints: list[str] = []

    def refuse(dialog: Any) -> None:
        complaints.append(dialog.message)
        dialog.dismiss()

    def run(client: str, *languages: str, width: int = 900, **changes: Any) -> Any:
        file = tmp_path / "page.html"
        facts = {**FACTS, **CLIENTS[client], **changes}
        file.write_text(page(facts, {code: WORDS[code] for code in languages}, TEMPLATE), encoding="utf-8")
        tab = browser.new_page(viewport={"width": width, "height": 800})
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: complaints.append(request.url) if request.url != file.as_uri() else None)
        tab.on("dialog", refuse)
        tab.goto(file.as_uri())
        return tab

    yield run
    assert complaints == []


def sheets(tab: Any) -> int:
    """Return how many sheets of A4 the page takes."""
    pdf = tab.pdf(prefer_css_page_size=True, print_background=True)
    # 210 mm by 297 mm in points.
    assert re.search(rb"/MediaBox \[0 0 59[45][\d.]* 84[12]", pdf)
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


@pytest.mark.parametrize(("client", "language"), PAGES)
def test_it_takes_two_sides_of_a4_at_most(opened, client, language):
    assert sheets(opened(client, language)) == 2


@pytest.mark.parametrize(("client", "language"), PAGES)
def test_a_person_with_much_still_gets_two_sides(opened, client, language):
    assert sheets(opened(client, language, **FULL)) == 2


def test_both_languages_begin_on_a_sheet_of_their_own(opened):
    assert sheets(opened("windows", "ja", "en")) == 4


@pytest.mark.parametrize(("client", "language"), PAGES)
def test_on_a_phone_nothing_has_to_be_moved_sideways(opened, client, language):
    tab = opened(client, language, width=320)
    assert tab.evaluate("document.documentElement.scrollWidth") == 320
    assert tab.evaluate("parseFloat(getComputedStyle(document.querySelector('ol.steps')).fontSize)") >= 18


def test_the_sections_are_numbered_without_a_gap(opened):
    """The numbers come from the style sheet; a section that is left out must not leave a hole."""
    tab = opened("windows", "en", office_pc={}, nas=[], printers=[], phone_dns="")
    assert tab.locator("h2 .number").count() == 4


def test_hostile_values_run_nothing(opened):
    bad = "<script>alert(1)</script><img src=http://192.0.2.1/x onerror=alert(2)><style>*{display:none}</style>"
    tab = opened("windows", "ja", person=bad, user_name=bad, test_network=bad, endpoint=bad)
    assert bad in tab.inner_text("header")
    assert tab.locator("script, img").count() == 0
    assert tab.locator("h1").is_visible()


def test_values_to_type_are_in_a_fixed_width(opened):
    tab = opened("windows", "ja")
    fonts = tab.evaluate("[...document.querySelectorAll('code')].map(item => getComputedStyle(item).fontFamily)")
    assert fonts
    assert all("monospace" in font for font in fonts)
