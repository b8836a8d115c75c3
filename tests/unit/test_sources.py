"""Every reference to docs/sources leads somewhere, and nothing stands there that nothing relies on."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.plugin_utils.handover.records import certificate_record, pac_record
from plugins.plugin_utils.reports import sources as report_sources
from plugins.plugin_utils.reports.sources import PAGES, Section, anchor, cited, sections, shown

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.name for path in PAGES.glob("*.md") if path.name != "README.md")
MADE = {"records", "user_pages", "self_checks", "build", "__pycache__"}
TEXT = {".py", ".yml", ".yaml", ".md", ".j2", ".ps1", ".json", ".js", ".css", ".toml", ".cfg", ".pac", ""}
MENTION = re.compile(rf"\b({'|'.join(map(re.escape, NAMES))})#([\w-]+)")
# In a link of Markdown the name may stand alone in the square brackets; its address is looked at.
BARE = re.compile(rf"(?<![\w/\[])({'|'.join(map(re.escape, NAMES))})(?!#)|\b[Ff]act" + "s/")


def references(why: str) -> list[tuple[str, str, str, str]]:
    """Return link, page, anchor and words of each reference. Raises ValueError for a text of another form."""
    parts = why.split("; ")
    matches = [match for match in map(report_sources._REFERENCE.fullmatch, parts) if match]
    if len(matches) < len(parts):
        raise ValueError(f"{why!r} is no reference such as service.md#file-shares: words")
    return [(one["link"], one["page"], one["anchor"], one["words"] or "") for one in matches]


def texts() -> dict[str, str]:
    """Return the project's own text files by path, without what tools make."""
    found = {}
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if name not in MADE and (name[0] != "." or name in (".ci", ".github"))]
        below[:] = [name for name in below if not name.endswith(".egg-info")]
        for path in (Path(folder) / name for name in files if Path(name).suffix in TEXT and name[0] != "."):
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    return found


FILES = texts()
# This file is full of examples.
SELF = Path(__file__).resolve().relative_to(ROOT).as_posix()
OUTSIDE = {name: text for name, text in FILES.items() if not name.startswith("docs/sources/") and name != SELF}


def controls() -> dict[str, str]:
    """Return the `why` of every control of the roles, by file and id."""
    found: dict[str, str] = {}

    def look(node: Any, file: str) -> None:
        if isinstance(node, dict):
            if {"id", "title"} <= set(node):
                found[f"{file} {node['id']}"] = node["why"]
            for value in node.values():
                look(value, file)
        elif isinstance(node, list):
            for value in node:
                look(value, file)

    for path in sorted(ROOT.glob("roles/*/vars/*.yml")):
        look(yaml.safe_load(path.read_text(encoding="utf-8")), path.relative_to(ROOT).as_posix())
    return found


def leads_nowhere(links: set[tuple[str, str]]) -> list[str]:
    return sorted(f"{page}#{name}" for page, name in links if name not in sections(page))


def test_the_pages_are_these():
    assert NAMES == ["forticlient.md", "macos.md", "service.md", "windows.md"]


def test_every_why_of_a_control_is_references_that_lead_somewhere():
    whys = controls()
    assert len(whys) > 60
    links = {name: {(page, place) for _link, page, place, _words in references(why)} for name, why in whys.items()}
    assert {name: bad for name, found in links.items() if (bad := leads_nowhere(found))} == {}


def test_what_the_controller_looks_at_by_itself_has_a_why_too():
    look = {"item": {"name": "fg.example.org", "port": 443}}
    made = [certificate_record(look, 30, datetime(2026, 11, 28, tzinfo=UTC)), pac_record("", [], {})]
    assert [item["why"] for item in made] == [
        "service.md#gateway: always by name, the certificate is for the name",
        "service.md#routes",
    ]


def test_every_section_that_is_mentioned_anywhere_is_there():
    found = {name: set(MENTION.findall(text)) for name, text in FILES.items()}
    assert sum(map(len, found.values())) > 150
    assert {name: bad for name, links in found.items() if (bad := leads_nowhere(links))} == {}


def test_every_page_that_is_mentioned_is_there():
    mentioned = {page for text in OUTSIDE.values() for page in re.findall(r"\bsources/([\w-]+\.md)", text)}
    assert mentioned == {*NAMES, "README.md"}


def test_nothing_names_a_page_that_is_elsewhere_or_without_its_folder():
    assert {name: found for name, text in OUTSIDE.items() if (found := BARE.findall(text))} == {}


def test_nothing_stands_in_the_sources_that_nothing_relies_on():
    used = {link for text in OUTSIDE.values() for link in MENTION.findall(text)}
    # The service is described in full: it is what the whole project is about.
    for page in set(NAMES) - {"service.md"}:
        assert {name for name in leaves(page) if (page, name) not in used} == set(), page


def test_every_section_about_a_system_says_where_it_comes_from():
    for page in set(NAMES) - {"service.md"}:
        silent = [name for name in leaves(page) if not sections(page)[name].paragraphs[-1].startswith("Source: ")]
        assert silent == [], page


def test_the_service_is_described_in_full():
    assert leaves("service.md") == [
        "who-does-what",
        "gateway",
        "connection-name",
        "connection-type",
        "client-addresses",
        "name-servers",
        "windows-adapter",
        "proxy",
        "client-versions",
        "mac-floor",
        "history",
        "store-client",
        "test-network",
        "sample-nas-and-printer",
        "installation",
        "network-category",
        "proxy-on-windows",
        "proxy-on-a-mac",
        "routes",
        "nas",
        "file-shares",
        "remote-desktop",
        "printing-ssh-and-time",
        "phones",
        "withdrawn",
    ]
    behaviour = leaves("service.md")[14:]
    numbers = [sections("service.md")[name].paragraphs[0].split(".")[0].split(",")[0] for name in behaviour]
    assert numbers == [f"Behaviour {number}" for number in range(1, 12)]


def leaves(page: str) -> list[str]:
    """Return the anchors of the headings below which there are no other headings, in order."""
    found = list(sections(page).items())
    after = [*found[1:], ("", Section("", "", 1, []))]
    return [name for (name, one), (_, following) in zip(found, after, strict=True) if following.level <= one.level]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("File shares", "file-shares"),
        ("Printing, SSH and `time`", "printing-ssh-and-time"),
        ("VPN connections with a plug-in", "vpn-connections-with-a-plug-in"),
        ("  NTP_server (UDP 123) ", "ntp_server-udp-123"),
        ("ファイルの共有 (SMB 受信)", "ファイルの共有-smb-受信"),
        ("C & D", "c--d"),
    ],
)
def test_an_anchor_is_the_one_that_github_gives(heading, expected):
    assert anchor(heading) == expected


def test_of_two_headings_that_read_the_same_the_second_has_a_number():
    found = report_sources._sections("# A\n\n## B\nx\n\n## B\ny\n\n## B\nz\n")
    assert {name: one.paragraphs for name, one in found.items()} == {"a": [], "b": ["x"], "b-1": ["y"], "b-2": ["z"]}


def test_a_section_is_its_paragraphs_and_items_without_addresses_of_links():
    text = "# Page\n\n## One\nfirst line\nsecond [line](x.md#y)\n\n- item\n  goes on\n- `code`\n\nlast\n## Two\n"
    assert report_sources._sections(text)["one"] == Section(
        "Page", "One", 2, ["first line second line", "• item goes on", "• `code`", "last"]
    )


def test_a_why_is_references_with_words():
    assert [tuple(one) for one in references("a.md#b: words, and more; c-1.md#d-e")] == [
        ("a.md#b", "a.md", "b", "words, and more"),
        ("c-1.md#d-e", "c-1.md", "d-e", ""),
    ]


@pytest.mark.parametrize(
    "why",
    [
        "",
        "because",
        "a.md",
        "a.md#",
        "a.md#b:",
        "a.md#b: ",
        "a.md#b words",
        "a.md#b;c.md#d",
        "a.md#b; ",
        "../a.md#b",
        "a.md#b#c",
        "docs/a.md#b",
        "a.md#b: one;two",
    ],
)
def test_a_why_of_another_form_is_none(why):
    with pytest.raises(ValueError, match=r"is no reference such as service.md#file-shares: words"):
        references(why)


def test_people_are_shown_the_folder():
    assert shown("a.md#b: words; c.md#d; because") == "docs/sources/a.md#b: words; docs/sources/c.md#d; because"
    assert shown("") == ""


def test_what_leads_nowhere_is_no_section():
    whys = ["service.md#gateway: x", "service.md#" + "nothing", "nowhere-at-all.md#b", "because", "", "../README.md#x"]
    assert list(cited(["service.md#routes; service.md#gateway", *whys])) == ["service.md#gateway", "service.md#routes"]
