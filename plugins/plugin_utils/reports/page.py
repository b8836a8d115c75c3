"""The report as one HTML page that needs nothing else: no network, no font, no other file.

Words, styles, scripts and the template lie in roles/endpoint_report/files. Text of endpoints gets there escaped by
Jinja2, or as JSON that the script puts in as text and never as HTML; only the page's own script and styles may run, by
their digests in its content security policy.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TextIO

import jinja2
import yaml
from markupsafe import Markup

from ..records.records import NOT_GOOD, NOT_READ, Record, has_values
from .difference import shortened, side
from .fleet import Fleet, View
from .page_data import Data, embedded, page_data
from .sources import cited
from .summary import NEXT_STEPS, Summary, clean, verdict
from .writer import Writer

FILES = Path(__file__).resolve().parents[3] / "roles" / "endpoint_report" / "files"
LANGUAGES = ("en", "ja")
SCRIPTS = ("page_base.js", "page_table.js", "page_overview.js", "page_trend.js", "page.js")
# Where the data stands in the template: nothing but the page's own script comes after it.
_DATA = "the data of the page"


class Page(Writer):
    """The page for stamped records of one or more runs, in UTF-8's reach (no half characters).

    `language` is the one that it opens in, en or ja; a waiver is {control, hosts, instance, owner, reason, expires,
    ticket, state}, state one of used, expired, soon, unused, unmatched. Raises ValueError for a language that it does
    not have. Its data are written row by row, and what the rows refer to after them; until then that waits in
    files without names in `directory`.
    """

    def __init__(self, language: str, waivers: Collection[Mapping[str, Any]], directory: Path) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"language is {language!r}; allowed: {', '.join(LANGUAGES)}")
        self._language = language
        self._waivers = waivers
        self._view = View()
        self._whys: set[str] = set()
        self._directory = directory
        self._endpoints = 0
        self._rows = 0

    def look(self, items: list[Record]) -> None:
        """Learn what the page shows at a glance, and the list for a browser without script."""
        self._view.add(items)
        self._whys.update(item.get("why", "") for item in items)

    def begin(self, file: TextIO) -> None:
        """Write the page up to the rows of its data."""
        super().begin(file)
        self._file = file
        self._data = Data(self._directory)
        self._fleet = self._view.fleet()
        self._sources = cited(self._whys)
        words = {name: load_words(name) for name in LANGUAGES}
        self._verdicts = {name: sentence(self._fleet.summary, words[name]) for name in LANGUAGES}
        before, _data, self._after = self._template(words).rpartition(_DATA)
        self.write(f'{before}{{"rows":[')

    def add(self, items: list[Record]) -> None:
        """Write the rows of an endpoint."""
        for item in items:
            row = ",".join(map(str, self._data.row(item, self._endpoints)))
            self.write(f",[{row}]" if self._rows else f"[{row}]")
            self._rows += 1
        self._endpoints += 1

    def end(self) -> None:
        """Write what the rows refer to, all that is shown beside them, and the page's script."""
        self.write("]")
        rest = page_data(self._fleet, self._waivers, self._sources)
        rest |= {"language": self._language, "verdicts": self._verdicts}
        for name, value in rest.items():
            self.write(f',"{name}":{embedded(value)}')
        for name, spool in self._data.tables.items():
            self.write(f',"{name}":[')
            spool.pour(self._file)
            self.write("]")
        self.write(',"whole":{')
        self._data.whole.pour(self._file)
        self.write(f"}}}}{self._after}")

    def _template(self, words: Mapping[str, Mapping[str, Any]]) -> str:
        script, style = "".join(map(_file, SCRIPTS)), _file("page.css")
        good, _words = verdict(self._fleet.summary)
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FILES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
        )
        return environment.get_template("page.html.j2").render(
            language=self._language,
            words=words[self._language],
            languages={name: words[name]["name"] for name in LANGUAGES},
            good=good,
            verdict=self._verdicts[self._language],
            fleet=self._fleet,
            sources=[*self._sources.values()],
            data=_DATA,
            word_lists=embedded(words),
            script=Markup(script),  # noqa: S704  the page's own file
            style=Markup(style),  # noqa: S704  the page's own file
            script_digest=_digest(script),
            style_digest=_digest(style),
            bad=_without_script(self._fleet, words[self._language]),
        )


def load_words(language: str) -> dict[str, Any]:
    """Return the words of a language; those that English takes from the records or reports.summary are empty there."""
    # The parser in C is not everywhere; the other one takes ten times as long.
    words = yaml.load(_file(f"words_{language}.yml"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    english = {"next": NEXT_STEPS, "controls": {}, "controls_of_any_role": {}, "coming_of": {}, "verdict": None}
    return {**english, **words}


def sentence(summary: Summary, words: Mapping[str, Any]) -> str:
    """Return the verdict in the language of the words; every number has its denominator."""
    good, english = verdict(summary)
    parts = words["verdict"]
    if parts is None:
        return english
    if not summary.endpoints:
        return str(parts["nothing"])
    if summary.is_empty and good:
        return str(parts["retired"]).format(n=summary.endpoints)
    first = parts["unmeasured" if summary.is_empty else "measured"].format_map(vars(summary))
    for status in ("fixed", "waived"):
        if summary.counts.get(status):
            first += parts[status].format(n=summary.counts[status])
    reported = [first]
    reported += [
        parts["count"].format(status=words["status"][status], n=summary.counts[status])
        for status in NOT_GOOD
        if summary.counts.get(status)
    ]
    if summary.not_measured:
        reported.append(parts["not_measured"].format(n=len(summary.not_measured)))
    start = "bad" if not good else "partly" if summary.not_measured else "good"
    return f"{parts[start]}: {'、'.join(reported)}"


def _without_script(shown: Fleet, words: Mapping[str, Any]) -> list[list[str]]:
    """Return the list for a browser that runs no script: plain texts, long ones cut."""
    rows = []
    for item in shown.bad:
        title = words["controls"].get(item["control"]) or item["title"]
        instance = f" [{item['instance']}]" if item["instance"] is not None else ""
        cells = [words["status"][item["status"]], item["endpoint"], title + instance]
        both = (item["expected"], item["actual"]) if has_values(item) else ()
        values = [
            words["not_read"] if value == NOT_READ else "".join(shortened(side(value))) or words["not_set"]
            for value in both
        ]
        values = values or ["", ""]
        step = item.get("next") or words["next"][item["status"]]
        texts = [*map(clean, cells), *values, clean(item["reason"]), clean(step)]
        rows.append(["".join(shortened([text])) for text in texts])
    return rows


def _file(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
