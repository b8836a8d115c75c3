"""Connections of a VPN client beside those of the inventory: which of them can be taken for ours, or go to an address.

A connection is {key, name, kind, server, whose}: `key` is where the client keeps it, `name` what it shows, `kind`
SSL-VPN or another, `server` as the client has it ("" where it keeps none there), `whose` machine or user.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .numbers import whole_number

SSL_VPN = "SSL-VPN"
_HTTPS = 443
Connection = Mapping[str, Any]


def wrong(found: Iterable[Connection], ours: Iterable[Connection], allowed: Iterable[str]) -> list[tuple[str, str]]:
    """Return (the connection, what is wrong with it) in words; `ours` are {name, gateway, port}, `allowed` names."""
    by_name = {one["name"].casefold(): one for one in ours}
    fine = {name.casefold() for name in allowed}
    return [
        (shown(one), "; ".join(words))
        for one in found
        if not {one["key"].casefold(), one["name"].casefold()} & fine and (words := [*_wrong(one, by_name)])
    ]


def shown(one: Connection) -> str:
    """Return a connection for a person's eye."""
    return f"{one['name']} ({one['kind']}{', ' + one['server'] if one['server'] else ''})"


def host_and_port(server: str) -> tuple[str, int]:
    """Return the host, folded, and the port of a gateway's text.

    >>> host_and_port("FG.example.org:10443"), host_and_port("[2001:db8::1]:443"), host_and_port("2001:db8::1")
    (('fg.example.org', 10443), ('2001:db8::1', 443), ('2001:db8::1', 443))
    """
    # Some profiles that are rolled out have https://HOST:PORT/ there.
    server = server.strip().removeprefix("https://").rstrip("/")
    host, _colon, text = server.rpartition(":")
    port = whole_number(text) if ":" in server else None
    if port is None or not (":" not in host or host.startswith("[")):
        host, port = server, _HTTPS
    return host.strip("[]").casefold(), port


def is_address(host: str) -> bool:
    """Whether a host is named by its address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _wrong(one: Connection, by_name: Mapping[str, Connection]) -> Iterator[str]:
    wanted = by_name.get(one["key"].casefold())
    # Several gateways in one text: nobody has shown how the client parts them but with semicolons.
    servers = [host_and_port(server) for server in one["server"].split(";") if server.strip()]
    if wanted and one["kind"] == SSL_VPN:
        if one["whose"] == "machine":
            # The controls of the connection itself are about this one.
            return
        if servers and servers != [(wanted["gateway"].casefold(), int(wanted["port"]))]:
            yield f"goes to another gateway than {wanted['gateway']}:{wanted['port']}"
    elif wanted or one["name"].casefold() in by_name:
        yield "has the name of the connection that is set up here, and is another one"
    if any(is_address(host) for host, _port in servers):
        yield "goes to an address, which raises a certificate warning at every logon; a gateway is named"
