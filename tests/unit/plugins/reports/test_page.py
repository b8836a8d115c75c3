"""The HTML page as text: its words, its data, and that nothing in a record becomes code."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.plugin_utils.handover import records as handover_records
from plugins.plugin_utils.records.records import (
    LIVES,
    MOVED,
    NEWS,
    SEVERITIES,
    STATUSES,
    RecordError,
    record,
    stamp,
    unreachable,
)
from plugins.plugin_utils.reports.page import FILES, LANGUAGES, SCRIPTS, load_words, sentence
from plugins.plugin_utils.reports.page_data import embedded
from plugins.plugin_utils.reports.summary import NEXT_STEPS, summarise
from tests.rendered import render
from tests.samples.fleet import WAIVERS, sample_fleet

ROOT = Path(__file__).resolve().parents[4]
HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    "\"'`&amp;",
    "a\nb\r\tc",
    "\u2028\u2029",
    "\u202eabc\u2066",
    "\ud800",
    "{{ 7 * 7 }}{% raw %}",
    "constructor",
    "__proto__",
]


def on(endpoint: str, *items: dict[str, Any]) -> list[dict[str, Any]]:
    return stamp(items, run="r1", endpoint=endpoint, at="2026-11-23T14:30:00Z", versions={})


def hostile_records() -> list[dict[str, Any]]:
    """Return records with hostile text in every place that an endpoint or a person can fill."""
    records = []
    for text in HOSTILE:
        item = record(text, "drifted", role=text, instance=text, scope=text, expected=text, actual=[text, {text: text}])
        item |= {"reason": text, "evidence": text, "title": text, "next": text, "owner": text, "news": "new"}
        fixed = record("a.b", "fixed", role="a", expected=text, actual=text) | {"before": {text: text}}
        waiver = {"control": text, "hosts": [text], "instance": text, "owner": text, "reason": text, "expires": text}
        waiver["ticket"] = text
        records += on(f"pc-{text}", item | {"waiver": waiver}, fixed, unreachable(text) | {"news": "new"})
    return records


class Page(HTMLParser):
    """What a browser that runs no script would find."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def controls_of_roles() -> set[str]:
    """Return the ids of all controls in roles/*/vars."""

    def found(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["id"]} if {"id", "title"} <= set(node) else set()
            return own.union(*map(found, node.values()))
        return set().union(*map(found, node)) if isinstance(node, list) else set()

    files = sorted(ROOT.glob("roles/*/vars/*.yml"))
    assert len(files) > 10
    return set().union(*(found(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in files))


def test_both_languages_have_the_same_words_but_for_what_english_takes_from_the_records():
    english, japanese = (
        yaml.safe_load((FILES / f"words_{name}.yml").read_text(encoding="utf-8")) for name in LANGUAGES
    )
    assert set(japanese) - set(english) == {"verdict", "next", "controls", "controls_of_any_role", "coming_of"}
    assert set(english) - set(japanese) == set()
    for key, words in english.items():
        if isinstance(words, dict):
            assert set(japanese[key]) == set(words), key
            for name, text in words.items():
                assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", japanese[key][name]), name
        else:
            assert sorted(re.findall(r"\{\w+\}", words)) == sorted(re.findall(r"\{\w+\}", japanese[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_of_a_record_has_a_word(language):
    words = load_words(language)
    assert set(words["status"]) == set(STATUSES)
    assert set(words["severity"]) == set(SEVERITIES)
    assert set(words["life"]) == set(LIVES)
    assert set(words["moved"]) == set(MOVED) - {""}
    assert set(words["moved_by"]) == {"undo", "retire"}
    assert set(words["news"]) == {*NEWS, "flapping", "expired"} - {""}
    assert set(words["next"]) == set(NEXT_STEPS)
    assert set(words["waiver_state"]) == {"used", "expired", "soon", "unused", "unmatched"}


def test_every_control_has_a_japanese_title_and_no_title_is_left_over():
    ours = {
        "endpoint.reachable",
        "endpoint.state",
        "endpoint.life",
        handover_records.CERTIFICATE,
        handover_records.ROUTES,
    }
    assert set(load_words("ja")["controls"]) == controls_of_roles() | ours


def test_the_controls_that_the_code_makes_for_any_role_have_a_japanese_title():
    code = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("plugins/**/*.py"))
    made = set(re.findall(r'f"\{(?:result\.)?role\}\.(\w+)"', code))
    assert made == set(load_words("ja")["controls_of_any_role"])
    assert made >= {"memory", "run", "platform"}


def test_every_word_that_the_page_asks_for_is_there():
    words = load_words("en")
    script = "".join((FILES / name).read_text(encoding="utf-8") for name in SCRIPTS)
    template = (FILES / "page.html.j2").read_text(encoding="utf-8")
    asked = {
        *re.findall(r"\bW\.(\w+)", script),
        *re.findall(r'(?:\bw\("|words\.|-label="|-placeholder=")(\w+)', template),
    }
    # These are put together by the script, or taken by reports.page.
    assert asked | {"day", "days", "hour", "hours", "minute", "minutes", "name", "verdict"} == set(words)


def test_the_verdict_in_both_languages_has_every_denominator():
    summary = summarise(
        on("pc1", record("a.a", "compliant", role="a"), record("a.b", "drifted", role="a"))
        + on("pc2", record("a.a", "fixed", role="a") | {"before": 1})
        + on("pc3", unreachable("no answer")),
        [],
    )
    assert sentence(summary, load_words("en")) == (
        "Not good: 2 of 3 controls on 2 of 3 endpoints compliant (1 fixed in this run); 1 drifted; "
        "1 endpoint not measured (1 unreachable)"
    )
    assert sentence(summary, load_words("ja")) == (
        "要対応: 3 台中 2 台を測定し、3 項目中 2 項目が準拠(うち 1 項目は今回修正)、設定ずれ 1 件、未測定 1 台"
    )


def test_the_verdict_in_japanese_when_all_is_good_or_nothing_is_there():
    good = summarise(on("pc1", record("a.a", "compliant", role="a")), [])
    assert sentence(good, load_words("ja")) == "問題なし: 1 台中 1 台を測定し、1 項目中 1 項目が準拠"
    assert sentence(summarise([], []), load_words("ja")) == "要対応: 対象の端末がなく、何も測定していません"
    silent = on("pc1", record("endpoint.reachable", "offsite", role="endpoint"))
    assert sentence(summarise(silent, []), load_words("ja")) == "要対応: 何も測定していません、未測定 1 台"
    gone = on("pc1", record("endpoint.life", "not_applicable", role="endpoint"))
    assert (
        sentence(summarise(gone, []), load_words("ja"))
        == "廃止済み: 対象の 1 台はすべて廃止済みで、何も測定していません"
    )


@pytest.mark.parametrize(
    ("language", "words"), [("en", "Not good: 559 of 567 controls"), ("ja", "要対応: 30 台中 26 台")]
)
def test_the_page_opens_in_the_language_asked_for(language, words):
    page = Page(render(sample_fleet(), language=language, waivers=WAIVERS))
    assert ("html", {"lang": language}) in page.tags
    assert page.texts["h1"][0].startswith(words)


def test_a_language_that_is_not_there_is_reported():
    with pytest.raises(ValueError, match="language is 'fr'; allowed: en, ja"):
        render([], language="fr")


def test_what_is_no_record_is_reported():
    with pytest.raises(RecordError, match="not a record"):
        render([{}])


def test_two_halves_give_the_same_page_as_the_whole():
    records = sample_fleet()
    odd, even = records[1::2], records[::2]
    assert render(odd + even, waivers=WAIVERS) == render(records, waivers=WAIVERS)


def test_only_the_page_s_own_script_and_style_may_run_and_nothing_may_be_fetched():
    text = render(sample_fleet())
    page = Page(text)
    [policy] = [attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(" ", 1) for rule in str(policy).split("; "))
    [script] = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (script, style)]
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digests[0]}'",
        "style-src": f"'sha256-{digests[1]}'",
        "img-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_page_names_no_other_address():
    page = Page(render(sample_fleet(), waivers=WAIVERS))
    for tag, attrs in page.tags:
        assert not {"src", "style", "action", "srcset", "onclick", "onload"} & set(attrs), (tag, attrs)
        assert str(attrs.get("href", "#")).startswith("#")
    assert not re.search(r"@import|url\((?!#)", (FILES / "page.css").read_text(encoding="utf-8"))


def test_the_scripts_put_text_in_as_text():
    for name in SCRIPTS:
        script = (FILES / name).read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", script)
        assert "</script" not in script


def test_hostile_text_is_neither_code_nor_lost():
    text = render(hostile_records(), waivers=[])
    page = Page(text)
    assert [tag for tag, _attrs in page.tags].count("script") == 3
    assert "<!--" not in text
    assert "alert(1)" not in "".join(page.texts["script"][2:])
    assert "49" not in page.texts["h1"][0]
    text.encode("utf-8")
    data = data_of(text)
    shown = ["".join(value) for value in data["values"] if value]
    for hostile in ("</script><script>alert(1)</script>", "\"'`&amp;", "{{ 7 * 7 }}{% raw %}", "__proto__"):
        assert hostile in data["strings"]
        assert hostile in shown
    assert {"a\\nb\\r\\tc", "\\u2028\\u2029", "\\u202eabc\\u2066", "\\ud800"} <= set(data["strings"])
    assert len(data["endpoints"]) == len(HOSTILE)


def test_what_would_end_the_data_is_escaped():
    assert embedded("</script><!--&\u2028\u2029") == r'"\u003c/script\u003e\u003c!--\u0026\u2028\u2029"'


def test_a_long_value_is_cut_for_the_table_and_kept_whole():
    item = record("a.a", "drifted", role="a", expected="x", actual="y" * 4000, reason="r" * 1000)
    data = data_of(render(on("pc1", item)))
    [place] = [place for place, value in enumerate(data["values"]) if value and "y" in value[-1]]
    assert data["values"][place] == ["", "y" * 300 + "…"]
    assert data["whole"] == {str(place): "y" * 4000}
    assert "r" * 1000 in data["strings"]


def test_a_record_keeps_all_that_the_page_shows():
    waiver = {**WAIVERS[0], "instance": "i"}
    del waiver["state"]
    item = record("a.a", "fixed", role="a", instance="i", scope="S-1-5-21", expected=1, actual=1, why="w.md#w")
    item["evidence"] = "there"
    item |= {"before": None, "since": "2026-11-20T00:00:00Z", "news": "fixed", "moved": "both", "flapping": True}
    item |= {"moved_by": "undo r1", "user": "PC1\\taro"}
    data = data_of(render(on("pc1", {**item, "waiver": waiver, "reason": "later", "next": "wait"})))
    [[endpoint, body, since, marks, place, mover]] = data["rows"]
    texts = [data["strings"][number] for number in data["bodies"][body][:12]]
    values = [data["values"][number] for number in data["bodies"][body][12:]]
    assert endpoint == 0
    assert texts == ["a.a", "i", "S-1-5-21", "a", "", "high", "fixed", "later", "there", "wait", "w.md#w", "PC1\\taro"]
    assert values == [["1"], ["1"], []]
    assert (data["strings"][since], marks) == ("2026-11-20T00:00:00Z", 3 | 3 << 2 | 1 << 4)
    assert data["strings"][mover] == "undo r1"
    assert data["rowWaivers"][place] == {**waiver, "hosts": "nb-0108.example.org", "state": ""}


def test_the_page_carries_the_sections_that_its_records_refer_to_and_no_others():
    items = [record("a.a", "compliant", role="a", why="service.md#routes"), record("a.b", "error", role="a", why="x")]
    items.append(record("a.c", "drifted", role="a", why="service.md#gateway: by name; service.md#routes"))
    text = render(on("pc1", *items))
    assert data_of(text)["sources"] == {"service.md#gateway": 0, "service.md#routes": 1}
    assert re.findall(r'<h3 id="source-\d-title" tabindex="-1">(\w+)', text) == ["Gateway", "Routes"]
    assert "<code>fg.imr.tohoku.ac.jp</code>, TCP 443." in text
    assert 'id="sources"' not in render(on("pc1", items[1]))


def test_records_of_an_older_release_have_no_why_and_are_read():
    [old] = on("pc1", record("a.a", "drifted", role="a"))
    del old["why"]
    assert data_of(render([old]))["sources"] == {}


def test_records_that_differ_in_a_value_alone_are_kept_apart():
    items = [
        record("a.a", "compliant", role="a", instance="i", expected=value, actual=value) for value in (1, True, "1")
    ]
    records = [one for n, item in enumerate(items) for one in on(f"pc{n}", item)]
    data = data_of(render(records))
    values = [data["values"][data["bodies"][row[1]][13]] for row in data["rows"]]
    assert values == [["1"], ["true"], ["1"]]


def test_what_was_not_read_is_told_from_what_is_not_set():
    items = [
        record("a.a", "error", role="a", expected=1, reason="access denied"),
        record("a.b", "drifted", role="a", expected=1, actual=None),
        record("a.c", "error", role="a", reason="the role ended"),
    ]
    text = render(on("pc1", *items))
    data = data_of(text)
    actual = [data["values"][data["bodies"][row[1]][13]] for row in data["rows"]]
    assert actual == [[""], [], None]
    cells = re.findall(r'<td class="value">(.*?)</td>', text)
    assert cells == ["1", "not read", "1", "not set", "", ""]


def test_a_browser_without_script_gets_the_verdict_and_what_is_not_good():
    text = render(sample_fleet(), waivers=WAIVERS)
    found = re.search(r"<noscript>(.*?)</noscript>", text, re.DOTALL)
    assert found
    assert found[1].count("<tr><td>") == 12
    assert "fg.example.org:10443" in found[1]
    assert "nb-0105.example.org" in found[1]
    assert "run site.yml; the user set the gateway&#39;s address by hand" in found[1]


def test_a_page_of_many_endpoints_stays_small():
    records = sample_fleet(300)
    text = render(records, waivers=WAIVERS)
    rows = json.dumps(data_of(text)["rows"], separators=(",", ":"))
    assert len(rows) / len(records) < 16
    assert len(text.encode()) < 130_000 + 40 * len(records)


def test_many_that_are_not_good_are_cut_in_the_list_without_script_and_counted():
    records = [one for n in range(501) for one in on(f"pc{n}", record("a.a", "drifted", role="a"))]
    text = render(records)
    assert text.count("<tr><td>") == 500
    assert "1 more in the records file." in text
