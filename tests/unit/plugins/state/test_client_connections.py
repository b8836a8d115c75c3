"""FortiClient's connections in a state document: what cannot be read is said, and hides no other."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.plugin_utils.controls.compare import ExpectedError
from plugins.plugin_utils.controls.kinds import comparison
from plugins.plugin_utils.state.nodes import LocatorError, Unreadable
from plugins.plugin_utils.state.state import State
from tests.samples.documents import windows

FORTICLIENT = r"HKLM\SOFTWARE\Fortinet\FortiClient"
SSL, IPSEC = FORTICLIENT + r"\Sslvpn\Tunnels", FORTICLIENT + r"\IPSec\Tunnels"
READS = {
    "registry": [{"path": SSL, "values": ["Server"], "depth": 1}, {"path": IPSEC, "values": ["RemoteGW"], "depth": 2}]
}
RULES = {"ours": [{"name": "IMR", "gateway": "vpn.example.org", "port": 443}], "allowed": []}


def key(values: dict[str, str] | None = None, **keys: Any) -> dict[str, Any]:
    data = {name: {"type": "REG_SZ", "data": text} for name, text in (values or {}).items()}
    return {"exists": True, "values": data, "keys": keys}


def found(ssl: Any, ipsec: Any = None) -> Any:
    document = {**windows(), "registry": {SSL: ssl, IPSEC: ipsec or {"exists": False}}}
    return State(document, READS).locate({"client_connections": FORTICLIENT})


def test_both_kinds_are_found_and_a_missing_key_is_none():
    located = found(key(IMR=key({"Server": "a:443"})), key(Lab=key(P1=key({"RemoteGW": "b"})), Bare=key()))
    assert [(one["kind"], one["name"], one["server"]) for one in located.value] == [
        ("SSL-VPN", "IMR", "a:443"),
        ("IPsec", "Bare", ""),
        ("IPsec", "Lab", "b"),
    ]
    assert found({"exists": False}).value == []


@pytest.mark.parametrize(
    ("ssl", "ipsec"),
    [
        ({"error": "access denied"}, key()),
        (key(Old={"error": "access denied"}), key()),
        (key(), {"error": "access denied"}),
    ],
)
def test_what_cannot_be_read_is_an_error_alone_and_never_hides_what_is_wrong(ssl, ipsec):
    rules = comparison("connections", RULES)
    with pytest.raises(Unreadable, match="access denied"):
        rules.verdict(found(ssl, ipsec))
    if ssl.get("exists"):
        ssl = {**ssl, "keys": {**ssl["keys"], "Wrong": key({"Server": "10.0.0.1:443"})}}
    else:
        ipsec = {**ipsec, "keys": {"Wrong": key(P1=key({"RemoteGW": "10.0.0.1"}))}}
    words = rules.verdict(found(ssl, ipsec))
    assert "10.0.0.1" in words
    assert "and more is not known" in words
    assert "access denied" in words


def test_what_nobody_asked_for_is_not_taken_for_absent():
    state = State(
        {**windows(), "registry": {SSL: key()}}, {"registry": [{"path": SSL, "values": ["Server"], "depth": 1}]}
    )
    with pytest.raises(Unreadable, match="IPSec"):
        comparison("connections", RULES).verdict(state.locate({"client_connections": FORTICLIENT}))


def test_a_user_s_connections_need_a_user():
    with pytest.raises(LocatorError, match="scope: users"):
        found_of = State(windows(), READS)
        found_of.locate({"user_client_connections": r"SOFTWARE\Fortinet\FortiClient"})


@pytest.mark.parametrize(
    "rules",
    [
        {},
        {"ours": []},
        {"ours": [], "allowed": [1]},
        {"ours": [{"name": "x"}], "allowed": []},
        [],
        {**RULES, "more": 1},
    ],
)
def test_rules_of_another_form_are_refused(rules):
    with pytest.raises(ExpectedError):
        comparison("connections", rules)


def test_tens_of_thousands_of_connections_are_each_looked_at():
    many = {f"T{number}": key({"Server": f"{number}:443"}) for number in range(30_000)}
    assert [one["server"] for one in found(key(**many)).value] == [f"{name[1:]}:443" for name in sorted(many)]
