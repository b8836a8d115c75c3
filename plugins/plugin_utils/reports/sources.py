"""The pages of docs/sources, and the references to their sections in a control's `why` (docs/sources/README.md).

    service.md#file-shares: shares need a password; windows.md#firewall-addresses

A section's anchor is the one that GitHub gives its heading, so that the same reference works in a browser. The pages
are part of the collection: they are read where it is installed, and no network is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = "docs/sources"
PAGES = Path(__file__).resolve().parents[3] / FOLDER
_REFERENCE = re.compile(r"(?P<link>(?P<page>[a-z0-9-]+\.md)#(?P<anchor>[^\s:;#]+))(: (?P<words>[^\s;][^;]*))?")
_HEADING = re.compile(r"(#{1,6}) +(.+)")


class Section(NamedTuple):
    """One heading of a page and what stands under it, up to the next heading, by paragraph and item of a list.

    `level` is 1 for the page's own title, which is `page`.
    """

    page: str
    title: str
    level: int
    paragraphs: list[str]


def shown(why: str) -> str:
    """Return a `why` as text for people, who find the pages from the collection's folder.

    >>> shown("service.md#gateway: by name; because")
    'docs/sources/service.md#gateway: by name; because'
    """
    return "; ".join(f"{FOLDER}/{part}" if _REFERENCE.fullmatch(part) else part for part in why.split("; "))


def cited(whys: Iterable[str]) -> dict[str, Section]:
    """Return the sections that are referred to, by page and anchor, in order; what leads nowhere is left out.

    A record may come from another release, or from somebody else's role.
    """
    parts = {part for why in whys for part in why.split("; ")}
    found: dict[str, Section] = {}
    for match in filter(None, map(_REFERENCE.fullmatch, sorted(parts))):
        section = sections(match["page"]).get(match["anchor"])
        if section:
            found[match["link"]] = section
    return found


@cache
def sections(page: str) -> dict[str, Section]:
    """Return the sections of a page by anchor; none when there is no such page."""
    path = PAGES / page
    return _sections(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _sections(text: str) -> dict[str, Section]:
    found: dict[str, Section] = {}
    title, last, blank = "", None, True
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading:
            words = heading[2].strip()
            title = title or words
            last = found[_free(anchor(words), found)] = Section(title, words, len(heading[1]), [])
        elif line.strip() and last is not None:
            part = _plain(line)
            if blank or not last.paragraphs or line.startswith("- "):
                last.paragraphs.append(part)
            else:
                last.paragraphs[-1] += f" {part}"
        blank = not line.strip() or heading is not None
    return found


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading.

    >>> anchor("Printing, SSH and `time`")
    'printing-ssh-and-time'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _free(name: str, taken: Iterable[str]) -> str:
    number, free, known = 0, name, set(taken)
    while free in known:
        number += 1
        free = f"{name}-{number}"
    return free


def _plain(line: str) -> str:
    """Return a line without its links' addresses, and with a sign for an item of a list."""
    return re.sub(r"^- ", "• ", re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", line.strip()))
