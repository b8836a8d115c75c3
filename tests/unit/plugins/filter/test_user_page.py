"""The page for a laptop's user: every fact where it belongs, none where it would be wrong, nothing executed."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from typing import Any

import jinja2
import pytest
from ansible.errors import AnsibleFilterError

from plugins.filter.user_page import page, say, within_umask
from tests.samples.user_page import CLIENTS, FACTS, FROM, LIMITED, PAC, TEMPLATE, TO, WORDS


class Reader(HTMLParser):
    """Collects what a browser would make of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.codes: list[str] = []
        self.text = ""
        self._in_code = False
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "code":
            self._in_code = True
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_code = self._in_code and tag != "code"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_code:
            self.codes[-1] += data


def made(language: str = "en", **changes: Any) -> Reader:
    return Reader(page({**FACTS, **changes}, {language: WORDS[language]}, TEMPLATE))


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("client", CLIENTS)
def test_what_everybody_has_to_type_or_to_open_is_on_every_page(language, client):
    reader = made(language, **CLIENTS[client])
    wanted = ["nb-0101", "IMR", "fg.imr.tohoku.ac.jp", "yamada", PAC, FROM, TO, LIMITED, "http://172.20.90.4/"]
    assert [text for text in [*wanted, "imr-guest", "172.16.20.2", "172.20.91.21"] if text not in reader.codes] == []
    assert "Forbidden" in reader.text
    assert "Firefox" in reader.text
    for text in ("ネットワーク室", "022-215-0000", "network@example.org", "山田 花子"):
        assert text in reader.text
    assert {"href": FROM} in [attributes for tag, attributes in reader.tags if tag == "a"]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_gateway_s_address_is_on_no_page(language):
    for changes in CLIENTS.values():
        assert "130.34.226.190" not in made(language, **changes).text


@pytest.mark.parametrize(
    ("client", "codes"),
    [
        ("windows", {"172.20.91.21", "pc-0201", r"\\172.20.90.4\data", r"\\no-tera\data"}),
        ("store", {"172.20.91.21", r"\\172.20.90.4\data"}),
        ("macos", {"172.20.91.21", "smb://172.20.90.4/data"}),
    ],
)
def test_names_are_promised_to_the_downloaded_client_on_windows_alone(client, codes):
    places = {"172.20.91.21", "pc-0201", "no-tera", r"\\172.20.90.4\data", r"\\no-tera\data"}
    places |= {"smb://172.20.90.4/data", "smb://no-tera/data"}
    for language in ("ja", "en"):
        assert places & set(made(language, **CLIENTS[client]).codes) == codes


@pytest.mark.parametrize(
    ("language", "client", "there", "not_there"),
    [
        ("en", "windows", ["right-click the blue FortiClient icon", "Type them each time", "You can use a name"], []),
        ("en", "windows", ["choose Private"], ["remembers", "Safari", "Finder", "VPN provider"]),
        ("en", "store", ["VPN provider", "not “Windows (built-in)”", "remembers both"], ["Type them each time"]),
        ("en", "store", ["Names of devices do not work with this client"], ["You can use a name", "Safari", "Finder"]),
        ("en", "macos", ["Applications folder", "Safari cannot use the proxy", "Finder", "use Firefox"], ["Explorer"]),
        ("en", "macos", ["Type them each time"], ["choose Private", "remembers", "Edge", "You can use a name"]),
        (
            "ja",
            "windows",
            ["青い FortiClient のアイコンを右クリック", "毎回入力してください"],
            ["Safari", "次回からは"],
        ),
        ("ja", "windows", ["「プライベート」を選びます", "名前でもアドレス"], ["VPN プロバイダー", "Finder"]),
        ("ja", "store", ["「Windows (ビルトイン)」ではありません", "次回からは PC が覚えています"], ["毎回入力して"]),
        ("ja", "store", ["このクライアントでは、機器の名前は使えません"], ["名前でもアドレス", "Safari"]),
        ("ja", "macos", ["Safari は、VPN では設定が正しくてもプロキシを使えません", "Finder"], ["エクスプローラー"]),
        ("ja", "macos", ["毎回入力してください"], ["「プライベート」を選びます", "Edge", "名前でもアドレス"]),
    ],
)
def test_each_client_s_own_rules(language, client, there, not_there):
    text = made(language, **CLIENTS[client]).text
    assert [words for words in there if words not in text] == []
    assert [words for words in not_there if words in text] == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Never accept a warning", "proves nothing", "DNS to Manual", "Chrome cannot use it there"]),
        ("ja", ["押さずに中止", "確認になりません", "DNS を「手動」", "Chrome では使えません"]),
    ],
)
def test_warnings_and_phones_are_on_every_page(language, words):
    for changes in CLIENTS.values():
        text = made(language, **changes).text
        assert [one for one in words if one not in text] == []


def test_a_user_name_that_the_client_remembers_is_not_asked_for_each_time():
    text = made(connections=[{**FACTS["connections"][0], "prompt_user_name": False}]).text
    assert "The password is never saved. Type it each time." in text
    assert "Type them each time" not in text


def test_who_logs_on_by_saml_types_no_password_into_the_client_and_who_has_a_certificate_chooses_it():
    by_saml = made(connections=[{**FACTS["connections"][0], "authentication": "saml"}]).text
    assert "log on in the page that opens" in by_saml
    assert "Single Sign On (SSO)" in by_saml
    assert "Type your user name" not in by_saml
    assert "The password is never saved" not in by_saml
    by_certificate = made(connections=[{**FACTS["connections"][0], "authentication": "certificate"}]).text
    assert "Choose your client certificate." in by_certificate
    assert "Single Sign On" not in by_certificate


@pytest.mark.parametrize(("client", "place"), [("downloaded", ["10443"]), ("store", ["fg.imr.tohoku.ac.jp:10443"])])
def test_another_port_than_443_is_reported(client, place):
    reader = made(client=client, connections=[{**FACTS["connections"][0], "port": 10443}])
    assert [text for text in place if text not in reader.codes] == []


def test_what_is_not_known_is_left_out_and_leaves_no_gap():
    bare = {"person": "", "user_name": "", "pac_url": "", "office_pc": {}, "nas": [], "printers": [], "proxy_check": {}}
    more = {"tunnel_check_url": "", "limited_pages": [], "test_network": "", "phone_dns": ""}
    reader = made(**bare, **more, contact={"name": "IT", "phone": "", "mail": "it@example.org"})
    assert [text for text in ("Forbidden", "proxy", "Phones", "NAS:", "Phone:", "For ") if text in reader.text] == []
    assert "your own" in reader.text
    assert "A connection from inside the office proves nothing." in reader.text


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> {gateway} {{ 7*7 }} {% raw %} &amp; $(id) \u202e"


def test_hostile_values_are_shown_and_do_nothing():
    device = {"name": HOSTILE, "address": HOSTILE, "share": HOSTILE}
    reader = made(
        endpoint=HOSTILE,
        person=HOSTILE,
        user_name=HOSTILE,
        connections=[
            {
                "name": HOSTILE,
                "gateway": HOSTILE,
                "port": HOSTILE,
                "prompt_user_name": True,
                "authentication": "password",
            }
        ],
        office_pc=device,
        nas=[device],
        printers=[device],
        limited_pages=[f"http://{HOSTILE}"],
        proxy_check={"from": HOSTILE, "to": "javascript:alert(3)"},
        test_network=HOSTILE,
        phone_dns=HOSTILE,
        pac_url=HOSTILE,
        contact={"name": HOSTILE, "phone": HOSTILE, "mail": HOSTILE},
    )
    assert {tag for tag, _attributes in reader.tags} & {"script", "img", "iframe", "object", "form"} == set()
    assert [key for _tag, attributes in reader.tags for key in attributes if key.startswith("on")] == []
    links = [str(attributes["href"]) for tag, attributes in reader.tags if tag == "a"]
    assert {link.partition(":")[0] for link in links} == {"http", "tel", "mailto"}
    assert "<script>alert(1)</script>" in reader.text
    assert "{{ 7*7 }}" in reader.text
    assert "49" not in reader.text


def test_nothing_is_loaded_and_nothing_runs():
    reader = made()
    policies = [attributes["content"] for tag, attributes in reader.tags if attributes.get("http-equiv")]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"]
    assert {tag for tag, _attributes in reader.tags} & {"script", "link", "img"} == set()
    assert "url(" not in TEMPLATE


def test_both_languages_stand_in_one_file_and_say_so():
    reader = Reader(page(FACTS, WORDS, TEMPLATE))
    assert [attributes["lang"] for tag, attributes in reader.tags if tag in ("html", "article")] == ["ja", "ja", "en"]


def test_both_languages_have_the_same_sentences_with_the_same_values():
    values = {
        code: {name: sorted(set(re.findall(r"\{([a-z]+)\}", text))) for name, text in words.items()}
        for code, words in WORDS.items()
    }
    assert values["ja"] == values["en"]


def test_every_sentence_is_used_somewhere():
    used: set[str] = set()

    class Noting(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            used.add(name)
            return super().__getitem__(name)

    more = [*CLIENTS.values(), {"user_name": ""}, {"test_network": ""}]
    first = FACTS["connections"][0]
    more.append({"connections": [{**first, "prompt_user_name": False}]})
    more += [{"connections": [{**first, "authentication": how}]} for how in ("saml", "certificate")]
    for changes in more:
        page({**FACTS, **changes}, {"en": Noting(WORDS["en"])}, TEMPLATE)
    assert set(WORDS["en"]) - used == set()


def test_a_sentence_that_wants_what_is_not_there_is_refused():
    with pytest.raises(AnsibleFilterError, match="wants port; given: gateway"):
        say("To {port}", gateway="a")


def test_words_and_values_are_escaped_alike():
    assert say("a <b> {place}", place="<i>&") == "a &lt;b&gt; <code>&lt;i&gt;&amp;</code>"


def test_facts_that_are_missing_are_refused():
    with pytest.raises(jinja2.UndefinedError):
        page({key: value for key, value in FACTS.items() if key != "contact"}, WORDS, TEMPLATE)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, "0640"), (0o077, "0600"), (0o007, "0640")])
def test_a_page_is_for_whom_the_umask_says(mask, mode):
    before = os.umask(mask)
    try:
        assert within_umask("0640") == mode
    finally:
        os.umask(before)
