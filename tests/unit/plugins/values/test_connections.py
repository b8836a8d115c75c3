"""Whose connection is whose, and what a gateway's text says."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.values.connections import host_and_port, is_address, shown, wrong

OURS = [{"name": "IMR", "gateway": "FG.example.org", "port": 443}]


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("vpn.example.org", ("vpn.example.org", 443)),
        ("VPN.example.org:10443", ("vpn.example.org", 10443)),
        ("10.0.0.1:443", ("10.0.0.1", 443)),
        ("2001:db8::1", ("2001:db8::1", 443)),
        ("[2001:db8::1]:8443", ("2001:db8::1", 8443)),
        ("[2001:db8::1]", ("2001:db8::1", 443)),
        ("vpn.example.org:", ("vpn.example.org:", 443)),
        ("vpn.example.org:\u0661", ("vpn.example.org:\u0661", 443)),
        ("https://vpn.example.org:8443/", ("vpn.example.org", 8443)),
        ("https://10.0.0.1", ("10.0.0.1", 443)),
        (" https://XVPN.example.XX/ ", ("xvpn.example.xx", 443)),
        ("XVPN.example.XX:8443", ("xvpn.example.xx", 8443)),
        ("", ("", 443)),
    ],
)
def test_the_host_and_the_port_of_a_gateway(server, expected):
    assert host_and_port(server) == expected


@pytest.mark.parametrize(
    ("host", "is_one"), [("10.0.0.1", True), ("2001:db8::1", True), ("1.example", False), ("", False)]
)
def test_an_address(host, is_one):
    assert is_address(host) is is_one


def one(**changes: str) -> dict[str, str]:
    return {"key": "x", "name": "x", "kind": "SSL-VPN", "server": "", "whose": "user"} | changes


@pytest.mark.parametrize(
    ("connection", "number"),
    [
        (one(key="imr", name="imr"), 0),
        (one(key="imr", name="imr", server="fg.EXAMPLE.org"), 0),
        (one(key="imr", name="imr", server="fg.example.org:444"), 1),
        (one(key="imr", name="imr", server="10.0.0.1"), 1),
        (one(key="imr", name="imr", server="10.0.0.1", whose="machine"), 0),
        (one(key="imr", name="imr", kind="IPsec", whose="machine"), 1),
        (one(key="2", name="imr", whose="machine"), 1),
        (one(key="imr", name="other", kind="IPsec", whose="machine"), 1),
        (one(server="fg.example.org"), 0),
        (one(server="a.example.org; 10.0.0.1:443"), 1),
        (one(server="10.0.0.1:443;a.example.org"), 1),
        (one(server="a.example.org;b.example.org;"), 0),
    ],
)
def test_what_speaks_against_a_connection(connection, number):
    assert len(wrong([connection], OURS, [])) == number
    assert wrong([connection], OURS, [connection["name"].upper()]) == []
    assert wrong([connection], OURS, [connection["key"].upper()]) == []


def test_what_is_wrong_is_told_in_words():
    found = [
        one(key="imr", name="IMR", server="10.0.0.1:444"),
        one(key="2", name="IMR", kind="IPsec", whose="machine"),
        one(name="other", server="vpn.example.org"),
    ]
    assert wrong(found, OURS, []) == [
        (
            "IMR (SSL-VPN, 10.0.0.1:444)",
            "goes to another gateway than FG.example.org:443; "
            "goes to an address, which raises a certificate warning at every logon; a gateway is named",
        ),
        ("IMR (IPsec)", "has the name of the connection that is set up here, and is another one"),
    ]


def test_a_connection_is_shown_with_its_gateway_where_it_has_one():
    assert shown(one(name="IMR", server="fg.example.org:443")) == "IMR (SSL-VPN, fg.example.org:443)"
    assert shown(one(name="Home", kind="IPsec")) == "Home (IPsec)"


def test_a_port_of_endless_digits_is_none():
    assert host_and_port(f"fg.example.org:{'4' * 5000}") == (f"fg.example.org:{'4' * 5000}", 443)
