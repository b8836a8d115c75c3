"""What is called what in a document for strangers, form by form; test_anonymous looks at whole laptops."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.state import anonymous as room
from plugins.plugin_utils.state.anonymous import NotAnonymousError, anonymous, divided, wanted_names
from plugins.plugin_utils.values import wininet
from tests.samples.documents import PLIST, TUNNELS, key, sz

LEFT = "of the names would still be in it: send it to nobody, and report this"
NETWORKS = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\NetworkList\Profiles"


def told(*texts: str, keep: set[str] | None = None, of: dict[str, Any] | None = None) -> list[str]:
    """Return what becomes of texts in a document that has these parts besides."""
    made: list[str] = anonymous({**(of or {}), "seen": list(texts)}, keep or ())["seen"]
    return made


def test_the_names_of_a_laptop_are_learned_wherever_they_are_told_and_replaced_everywhere() -> None:
    given = {
        "system": {"computer_name": "NB-YAMADA"},
        "console_user": "CORP\\hanako",
        "users": {"S-1": {"name": "NB-YAMADA\\taro"}, "S-2": {"error": "gone"}, "S-3": {"name": None}},
        "groups": {"S-4": {"members": [{"name": "LAB\\jiro"}, {"name": None}]}, "S-5": {"members": None}, "S-6": {}},
        "networks": {"connected": {"connected": [{"name": "Tohoku Lab"}, {}]}, "S-7": {"connected": None}, "S-8": {}},
        "files": {"/a": {"owner": "saburo", "group": "zemi", "mode": "rokuro"}},
        "registry": {
            NETWORKS: key(
                keys={
                    "{1}": key(
                        {
                            "ProfileName": {"data": "Home"},
                            "Description": {"data": "Cafe (C++"},
                            "More": {"data": "Hotel"},
                        }
                    )
                }
            ),
            TUNNELS: key(keys={"Work": key({"Server": sz("x")})}),
            "HKLM\\A": key(keys={"Profiles": key(keys={"Zoo": key({"Server": sz("x")})})}),
            "HKLM\\B": key({"ProfileName": {"data": "Pension"}, "Description": {"data": "Hut"}}),
        },
        "plists": {PLIST: {"data": {"Profiles": {"Club": {"Server": "x"}}, "Servers": {"Club 2": {"Server": "x"}}}}},
        "seen": [
            "c:\\users\\shiro\\x and /Users/goro/y",
            "nb-yamada CORP\\Hanako taro LAB jiro, TOHOKU LAB; saburo|zemi|rokuro",
            "Home, Cafe (C++ and Hotel; Pension; Hut; Work-Club-Zoo",
            "hanakoto xhanako taro_1 shiro.x 'goro'",
        ],
        "taro": {"list": [1, None, True, "taro"]},
    }
    assert anonymous(given) == {
        "system": {"computer_name": "PC-1"},
        "console_user": "DOMAIN-1\\user1",
        "users": {"S-1": {"name": "PC-1\\user2"}, "S-2": {"error": "gone"}, "S-3": {"name": None}},
        "groups": {
            "S-4": {"members": [{"name": "DOMAIN-2\\user3"}, {"name": None}]},
            "S-5": {"members": None},
            "S-6": {},
        },
        "networks": {"connected": {"connected": [{"name": "network1"}, {}]}, "S-7": {"connected": None}, "S-8": {}},
        "files": {"/a": {"owner": "user4", "group": "user5", "mode": "rokuro"}},
        "registry": {
            NETWORKS: key(
                keys={
                    "{1}": key(
                        {
                            "ProfileName": {"data": "network2"},
                            "Description": {"data": "network3"},
                            "More": {"data": "Hotel"},
                        }
                    )
                }
            ),
            TUNNELS: key(keys={"connection1": key({"Server": sz("x")})}),
            "HKLM\\A": key(keys={"Profiles": key(keys={"connection2": key({"Server": sz("x")})})}),
            "HKLM\\B": key({"ProfileName": {"data": "Pension"}, "Description": {"data": "Hut"}}),
        },
        "plists": {
            PLIST: {
                "data": {"Profiles": {"connection3": {"Server": "x"}}, "Servers": {"connection3 2": {"Server": "x"}}}
            }
        },
        "seen": [
            "c:\\users\\user6\\x and /Users/user7/y",
            "PC-1 DOMAIN-1\\user1 user2 DOMAIN-2 user3, network1; user4|user5|rokuro",
            "network2, network3 and Hotel; Pension; Hut; connection1-connection3-connection2",
            "hanakoto xhanako taro_1 user6.x 'user7'",
        ],
        "user2": {"list": [1, None, True, "user2"]},
    }


def test_a_name_is_learned_from_a_list_too() -> None:
    mac = {"plists": {PLIST: {"data": {"Profiles": {"Club": {"Servers": ["x"]}}}}}}
    assert told("Club", of=mac) == ["connection1"]
    assert told("Home", of={"registry": {NETWORKS: {"Description": {"data": ["Home"]}}}}) == ["network1"]


@pytest.mark.parametrize(
    "document",
    [{}, {"seen": "x"}, {"system": "x", "users": 7, "groups": None, "networks": ["x"]}, {"users": {"S-1": "x"}}],
)
def test_a_document_that_names_nobody_stays_as_it_is(document: dict[str, Any]) -> None:
    assert anonymous(document) == document


def test_of_two_names_the_longer_one_is_replaced() -> None:
    people = {"users": {"a": {"name": "taro"}, "b": {"name": "taro yamada"}, "c": {"name": "yamada"}}}
    assert told("taro yamada, taro, yamada", of=people) == ["user2, user1, user3"]


def test_what_every_system_has_and_what_the_service_wants_is_nobody_s_name() -> None:
    people = {"users": {"a": {"name": "NT AUTHORITY\\SYSTEM"}, "b": {"name": "x"}, "c": {"name": "PC1\\Imr"}}}
    people["users"] |= {"d": {"name": "PC1\\Administrator"}, "e": {"name": "PC1\\yu"}}
    assert told("nt authority\\system x imr Administrator pc1 Yu", keep={"IMR"}, of=people) == [
        "nt authority\\system x imr Administrator DOMAIN-1 user1"
    ]


def test_a_text_that_the_service_wants_stays_and_with_a_name_in_it_is_sent_to_nobody() -> None:
    lab = {"networks": {"a": {"connected": [{"name": "Tohoku Lab"}]}}}
    with pytest.raises(NotAnonymousError) as raised:
        told("VPN of Tohoku Lab", keep={"vpn of tohoku lab"}, of=lab)
    assert str(raised.value) == f"1 {LEFT}"
    assert told("VPN of Tohoku Lab", of=lab) == ["VPN of network1"]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (
            "S-1-5-21-1-2-3-1001 s-1-5-21-1-2-3-500 S-1-5-21-1-2-4 S-1-5-32-544",
            "S-1-5-21-1000000001-1000000002-1000000001-1001 S-1-5-21-1000000001-1000000002-1000000001-500 "
            "S-1-5-21-1000000001-1000000002-1000000002 S-1-5-32-544",
        ),
        ("S-1-12-1-1-2-3-4", "S-1-12-1-1000000001-1000000002-1000000003-1000000001"),
        ("VK7JG-NPHTM-C97JM-9MPGT-3V66T x", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA x"),
        ("a@corp.jp b@corp.jp A@CORP.jp", "mail1@example.org mail2@example.org mail1@example.org"),
        ("a@corp.jp http://b.corp.jp 8.8.4.4", "mail1@example.org http://host1.example.net 198.18.1.4"),
        # Hosts: in addresses, and alone.
        ("https://a.corp.jp/x http://A.corp.jp", "https://host1.example.net/x http://host1.example.net"),
        ("ftp://me:pw@b.corp.jp:21/y http://c.corp.jp", "ftp://me:pw@host1.example.net:21/y http://host2.example.net"),
        (r"\\srv.corp.jp\share and \\srv\share", r"\\host1.example.net\share and \\srv\share"),
        ("http://intra/ http://10.1.2.3/", "http://intra/ http://10.1.2.3/"),
        ("http://8.8.4.4/x", "http://198.18.1.4/x"),
        ("http://Update.Microsoft.com/ http://a.example.org http://B.example.com", None),
        ("intra.CORP.LOCAL", "host1.example.net"),
        ("*.corp.jp:443;b.corp.jp,0x9;<local>", "*.host1.example.net:443;host2.example.net,0x9;<local>"),
        ("svchost.exe", None),
        ("start.ps", None),
        ("com.fortinet.forticlient", None),
        ("time.windows.com,0x9", None),
        ("corp.jp is down", None),
        # Addresses: of one network, another, one's own, and what is none.
        ("00-1B-44-11-3A-B7 00-1b-44-11-3a-b8", "02-00-00-00-00-01 02-00-00-00-00-02"),
        ("00:1B:44:11:3A:B7 00:1b:44:11:3a:b7", "02:00:00:00:00:01 02:00:00:00:00:01"),
        ("8.8.4.4 8.8.4.5/24 8.8.5.4", "198.18.1.4 198.18.1.5/24 198.18.2.4"),
        ("10.1.2.3 192.168.1.1 127.0.0.1 999.1.1.1", None),
        ("2404:6800::1 2404:6800:0::1 2404:6800::2", "2001:db8::1 2001:db8::1 2001:db8::2"),
        ("fe80::1 ::1 12:30:45", None),
    ],
)
def test_what_is_known_by_its_form_is_replaced_by_one_and_the_same_each_time(given: str, made: str | None) -> None:
    assert told(given) == [given if made is None else made]


@pytest.mark.parametrize(
    ("keep", "given", "made"),
    [
        ({"help@imr.jp"}, "help@imr.jp Help@imr.jp a@imr.jp", "help@imr.jp Help@imr.jp mail1@example.org"),
        ({"FG.imr.jp"}, "https://fg.imr.jp/x https://a.imr.jp", "https://fg.imr.jp/x https://host1.example.net"),
        ({"fg.imr.jp"}, "*.FG.imr.jp", "*.FG.imr.jp"),
        ({"8.8.4.4"}, "8.8.4.4 8.8.4.5", "8.8.4.4 198.18.1.5"),
        ({"130.34.0.0/16"}, "130.34.5.6 130.35.5.6", "130.34.5.6 198.18.1.6"),
        ({"130.34.5.1/24"}, "130.34.5.6 130.34.6.6", "130.34.5.6 198.18.1.6"),
        ({"2404:6800::1"}, "2404:6800::1 2404:6800::2", "2404:6800::1 2001:db8::1"),
    ],
)
def test_what_the_service_wants_stays_and_its_neighbour_does_not(keep: set[str], given: str, made: str) -> None:
    assert told(given, keep=keep) == [made]


def test_a_network_of_the_service_is_known_among_all_else_that_it_wants() -> None:
    keep = {f"host{number}.imr.jp" for number in range(30)} | {"130.34.0.0/16", "133.1.0.0/16"}
    assert told("130.34.5.6 133.1.2.3 134.1.2.3", keep=keep) == ["130.34.5.6 133.1.2.3 198.18.1.3"]


def test_of_many_networks_each_has_its_own() -> None:
    made = told(*(f"9.{number}.0.7" for number in range(256)))
    assert (made[0], made[254], made[255]) == ("198.18.1.7", "198.18.255.7", "198.19.0.7")
    assert len(set(made)) == 256


@pytest.mark.parametrize(
    ("number", "parts"),
    [(1, ["00", "01"]), (255, ["00", "ff"]), (256, ["01", "00"]), (512, ["02", "00"]), (65_536, ["00", "00"])],
)
def test_a_number_is_two_bytes_of_an_address(number: int, parts: list[str]) -> None:
    assert divided(number) == parts


@pytest.mark.parametrize(
    ("name", "given", "made"),
    [
        ("DATA1", "EncX 00FF", "saved"),
        ("DATA12", "EncX 00FF", "saved"),
        ("DATA1", "", ""),
        ("DATA", "EncX", "EncX"),
        ("XDATA1", "EncX", "EncX"),
        ("DisplayVersion", "8.8.4.4", "8.8.4.4"),
        ("VERSION", "2404:6800::1", "2404:6800::1"),
        ("Display", "8.8.4.4", "198.18.1.4"),
    ],
)
def test_by_its_name_a_value_is_a_secret_or_a_version(name: str, given: str, made: str) -> None:
    assert anonymous({"values": {name: {"data": given}}}) == {"values": {name: {"data": made}}}
    assert anonymous({name: [given, 7]}) == {name: [made, 7]}


HANAKO = {"console_user": "hanako"}


@pytest.mark.parametrize(
    ("raw", "same"),
    [
        (b"hanako is here, or was", False),
        ("hanako is here".encode("utf-16-le"), False),
        (b"\x01" + "hanako is here".encode("utf-16-le"), False),
        (b"somebody is here, or was", True),
        # Half a character, and one that is none.
        (b"\xff\x00\xd8" * 7, True),
        (bytes(range(16)), True),
        (b"hanako8", True),
    ],
)
def test_bytes_with_a_name_in_them_become_zeros(raw: bytes, same: bool) -> None:
    assert told(raw.hex(), of=HANAKO) == [raw.hex() if same else "00" * len(raw)]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (
            {"manual": True, "proxy": "a.corp.jp:8080", "bypass": "*.b.corp.jp;<local>", "pac_url": "http://hanako/p"},
            {
                "manual": True,
                "proxy": "host1.example.net:8080",
                "bypass": "*.host2.example.net;<local>",
                "pac_url": "http://user1/p",
            },
        ),
        ({"pac": True, "pac_url": "http://c.corp.jp/p"}, {"pac": True, "pac_url": "http://host1.example.net/p"}),
        ({"manual": True, "proxy": "a.corp.jp"}, {"manual": True, "proxy": "host1.example.net"}),
    ],
)
def test_proxy_settings_have_other_names_and_are_the_same_in_all_else(given: Any, made: Any) -> None:
    # Nobody knows what the last 32 bytes mean.
    (hex_text,) = told(wininet.encode(given, None)[:-64] + "ab" * 32, of=HANAKO)
    plain = {"manual": False, "pac": False, "auto_detect": False, "proxy": "", "bypass": "", "pac_url": ""}
    found = wininet.decode(hex_text)
    assert {name: found[name] for name in plain} == plain | made
    assert found["trailer"] == "ab" * 32


def test_proxy_settings_that_name_nobody_stay_to_the_byte() -> None:
    hex_text = wininet.encode({"manual": True, "proxy": "localhost:8080"}, None)
    assert told(hex_text, of=HANAKO) == [hex_text]


def test_what_is_left_is_counted_and_no_name_of_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # As a version it stays, and is an address elsewhere.
    with pytest.raises(NotAnonymousError) as raised:
        anonymous({"a": "2404:6800::1", "version": "2404:6800::1"})
    assert str(raised.value) == f"1 {LEFT}"
    # A part of a network alone is nobody's name.
    assert anonymous({"a": "8.8.4.4", "b": "8.8.4.*"}) == {"a": "198.18.1.4", "b": "8.8.4.*"}
    monkeypatch.setattr(room._Names, "replaced", lambda _self, node: node)
    lab = {"networks": {"a": {"connected": [{"name": 'Lab "山田" (C++'}]}}, "console_user": "CORP\\Hanako"}
    with pytest.raises(NotAnonymousError) as raised:
        anonymous(lab)
    assert str(raised.value) == f"3 {LEFT}"


def test_what_stands_only_within_a_word_is_no_name_that_was_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room._Names, "replaced", lambda _self, _node: {"a": "hanakoto", "b": "xhanako"})
    assert anonymous(HANAKO) == {"a": "hanakoto", "b": "xhanako"}


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (None, set()),
        (7, set()),
        ("", {""}),
        ("IMR", {"IMR"}),
        ({"gateway": "IMR"}, {"gateway", "IMR"}),
        ([{"a": ["b", ("c", 7)]}, "d"], {"a", "b", "c", "d"}),
        (
            "a b,c;d|e\"f'g<h>i=j(k)l",
            {"a b,c;d|e\"f'g<h>i=j(k)l", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"},
        ),
        ("https://me@fg.imr.jp:8443/x", {"https://me@fg.imr.jp:8443/x", "fg.imr.jp"}),
        (r"\\srv\share", {r"\\srv\share", "srv"}),
        ("*.imr.jp:443", {"*.imr.jp:443", "imr.jp"}),
        ("RA4=130.34.0.0/16", {"RA4=130.34.0.0/16", "RA4", "130.34.0.0/16", "130.34.0.0"}),
    ],
)
def test_what_the_inventory_wants_is_each_text_and_each_name_in_it(value: Any, names: set[str]) -> None:
    assert set(wanted_names(value)) == names


@pytest.mark.parametrize(
    ("user", "text", "made"),
    [
        ("山田", "山田のPC", "user1のPC"),
        ("taro", "taroの共有", "user1の共有"),
        ("taro", "研究室taro", "研究室user1"),
        ("taro", "taroko", "taroko"),
        ("taro", "kintaro", "kintaro"),
    ],
)
def test_in_japanese_no_blank_says_where_a_name_ends(user: str, text: str, made: str) -> None:
    assert told(text, of={"console_user": user}) == [made]


def test_a_maker_s_name_at_the_end_of_another_s_is_not_the_maker_s() -> None:
    assert told("https://www.apple.com/x", "https://www.bigapple.com/x") == [
        "https://www.apple.com/x",
        "https://host1.example.net/x",
    ]


@pytest.mark.parametrize(
    ("user", "text", "made"),
    [
        ("Groß", "Groß hat", "user1 hat"),
        ("İlker", "İlker's", "user1's"),
        ("ilker", "İlker's", "somebody's"),
        ("user1", "user1 and user2", "user3 and user2"),
    ],
)
def test_a_name_is_replaced_however_it_is_spelled(user: str, text: str, made: str) -> None:
    assert told(text, of={"console_user": user}) == [made]


@pytest.mark.parametrize("name", ["St. Mary office", "Yamada"], ids=["with a dot in its name", "without a text in it"])
def test_a_connection_s_name_is_learned_as_a_whole(name: str) -> None:
    empty = {"exists": True, "values": {}, "keys": {}}
    given = {"registry": {TUNNELS: {"exists": True, "values": {}, "keys": {name: empty}}}, "seen": [f"to {name}."]}
    made = anonymous(given)
    assert list(made["registry"][TUNNELS]["keys"]) == ["connection1"]
    assert made["seen"] == ["to connection1."]


def test_the_type_of_a_saved_name_is_kept_and_nobody_s_name() -> None:
    value = {"type": "REG_SZ", "data": "hanako"}
    made = anonymous({"registry": {TUNNELS: key(keys={"IMR": key({"DATA1": value})})}}, {"IMR"})
    assert made["registry"][TUNNELS]["keys"]["IMR"]["values"] == {"DATA1": {"type": "REG_SZ", "data": "saved"}}
    profiles = anonymous({"registry": {NETWORKS: key(keys={"{1}": key({"ProfileName": sz("Home")})})}})
    assert profiles["registry"][NETWORKS]["keys"]["{1}"]["values"] == {"ProfileName": sz("network1")}


def test_members_and_networks_in_no_form_of_theirs_are_nobody() -> None:
    given = {"groups": {"S-1": {"members": ["x"]}}, "networks": {"connected": {"connected": ["y"]}}}
    assert anonymous(given) == given
