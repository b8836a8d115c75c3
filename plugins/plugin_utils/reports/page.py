"""The report as one HTML page that needs nothing else: no network, no font, no other file.

Words, styles, scripts and the template lie in roles/endpoint_report/files. Text of endpoints gets there escaped by
Jinja2, or as JSON that the script puts in as text and never as HTML; only the page's own script and styles may run, by
their digests in its content security policy.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markupsafe import Markup

from ..records.records import GOOD, NOT_GOOD
from .difference import shortened, side
from .fleet import Fleet, fleet
from .page_data import page_data
from .sources import cited
from .summary import NEXT_STEPS, Summary, clean, verdict

FILES = Path(__file__).resolve().parents[3] / "roles" / "endpoint_report" / "files"
LANGUAGES = ("en", "ja")
SCRIPTS = ("page_base.js", "page_table.js", "page_overview.js", "page_trend.js", "page.js")
# Without a script nothing folds or filters; a longer list helps nobody.
ROWS_WITHOUT_SCRIPT = 500
# What would end the script element early, or is a line's end in some readers; in JSON each may stand as an escape.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def render(
    records: Iterable[Mapping[str, Any]], *, language: str = "en", waivers: Iterable[Mapping[str, Any]] = ()
) -> str:
    """Return the page for stamped records of one or more runs, in UTF-8's reach (no half characters).

    `language` is the one that it opens in, en or ja; a waiver is {control, hosts, instance, owner, reason, expires,
    ticket, state}, state one of used, expired, soon, unused, unmatched. Raises RecordError for what is no record, and
    ValueError for a language that it does not have.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language is {language!r}; allowed: {', '.join(LANGUAGES)}")
    shown = fleet(records)
    words = {name: load_words(name) for name in LANGUAGES}
    verdicts = {name: sentence(shown.summary, words[name]) for name in LANGUAGES}
    good, _words = verdict(shown.summary)
    sources = cited(item.get("why", "") for item in shown.records)
    data = page_data(shown, waivers, sources) | {"language": language, "verdicts": verdicts}
    script, style = "".join(map(_file, SCRIPTS)), _file("page.css")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FILES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        language=language,
        words=words[language],
        languages={name: words[name]["name"] for name in LANGUAGES},
        good=good,
        verdict=verdicts[language],
        fleet=shown,
        sources=[*sources.values()],
        data=embedded(data),
        word_lists=embedded(words),
        script=Markup(script),  # noqa: S704  the page's own file
        style=Markup(style),  # noqa: S704  the page's own file
        script_digest=_digest(script),
        style_digest=_digest(style),
        **_without_script(shown, words[language]),
    )


def load_words(language: str) -> dict[str, Any]:
    """Return the words of a language; those that English takes from the records or reports.summary are empty there."""
    words = yaml.safe_load(_file(f"words_{language}.yml"))
    english = {"next": NEXT_STEPS, "controls": {}, "controls_of_any_role": {}, "verdict": None}
    return {**english, **words}


def sentence(summary: Summary, words: Mapping[str, Any]) -> str:
    """Return the verdict in the language of the words; every number has its denominator."""
    good, english = verdict(summary)
    parts = words["verdict"]
    if parts is None:
        return english
    if not summary.endpoints:
        return str(parts["nothing"])
    first = parts["measured"].format_map(vars(summary))
    for status in ("fixed", "waived"):
        if summary.counts.get(status):
            first += parts[status].format(n=summary.counts[status])
    told = [first]
    told += [
        parts["count"].format(status=words["status"][status], n=summary.counts[status])
        for status in NOT_GOOD
        if summary.counts.get(status)
    ]
    if summary.not_measured:
        told.append(parts["not_measured"].format(n=len(summary.not_measured)))
    start = "bad" if not good else "partly" if summary.not_measured else "good"
    return f"{parts[start]}: {'、'.join(told)}"


def embedded(data: Any) -> Markup:
    """Return data as JSON that can stand in a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))  # noqa: S704  no < is left in it


def _without_script(shown: Fleet, words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the list for a browser that runs no script: plain texts, long ones cut."""
    bad = [item for item in shown.records if item["status"] not in GOOD]
    rows = []
    for item in bad[:ROWS_WITHOUT_SCRIPT]:
        title = words["controls"].get(item["control"]) or item["title"]
        instance = f" [{item['instance']}]" if item["instance"] is not None else ""
        cells = [words["status"][item["status"]], item["endpoint"], title + instance]
        values = ["".join(shortened(side(item[name]))) or words["not_set"] for name in ("expected", "actual")]
        values = values if (item["expected"], item["actual"]) != (None, None) else ["", ""]
        step = item.get("next") or words["next"][item["status"]]
        texts = [*map(clean, cells), *values, clean(item["reason"]), clean(step)]
        rows.append(["".join(shortened([text])) for text in texts])
    return {"bad": rows, "more": max(0, len(bad) - ROWS_WITHOUT_SCRIPT)}


def _file(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
