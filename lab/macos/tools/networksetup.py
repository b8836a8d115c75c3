"""networksetup: services, proxies and DNS. Errors go to standard output too.

Source: docs/sources/macos.md#network-services, docs/sources/macos.md#setting-proxies,
docs/sources/macos.md#networksetup-errors.

Guess: the form of -getinfo and -listallhardwareports.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled, strikes

Service = dict[str, Any]
_NOT_VALID = "** Error: The parameters were not valid."
_NOT_FOUND = "** Error: Unable to find item in network database."
_HEADER = "An asterisk (*) denotes that a network service is disabled."
_PROXIES = {"webproxy": "web_proxy", "securewebproxy": "secure_web_proxy"}


class _RefusalError(Exception):
    """Text on standard output and an exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.text, self.code = text, code


def networksetup(session: Session, arguments: list[str]) -> int:
    """Run one verb."""
    if not arguments:
        raise not_modelled("networksetup", arguments)
    verb, *rest = arguments[0].lstrip("-").lower(), *arguments[1:]
    least, most = _COUNTS.get(verb, (0, 99))
    if not least <= len(rest) <= most:
        raise not_modelled("networksetup", arguments)  # it prints its usage
    try:
        if strikes(session, "network_busy"):  # passes by itself; even the list of services can fail
            raise _RefusalError(_NOT_FOUND, 8)
        if verb in _READERS:
            text = _READERS[verb](session.state.read()["network"], rest)
            print("\n".join(text))
            return 0
        if verb in _WRITERS:
            if session.who.uid != 0 and "admin" not in _group_names(session):
                raise _RefusalError("** Error: Command requires admin privileges.", 14)
            with session.state.edit() as data:
                _WRITERS[verb](data, rest)
            return 0
    except _RefusalError as refusal:
        print(refusal.text)
        return refusal.code
    raise not_modelled("networksetup", arguments)


def _group_names(session: Session) -> set[str]:
    groups = session.state.read()["groups"]
    return {name for name, group in groups.items() if group["gid"] in session.who.groups}


def _service(network: dict[str, Any], name: str, *, proxy: bool) -> Service:
    for service in network["services"]:
        if service["name"] == name:
            return service
    if proxy:
        raise _RefusalError(_NOT_FOUND, 8)
    raise _RefusalError(f"{name} is not a recognized network service.\n{_NOT_VALID}", 4)


def _list(network: dict[str, Any], rest: list[str]) -> list[str]:
    return [_HEADER, *(f"{'' if service['enabled'] else '*'}{service['name']}" for service in network["services"])]


def _order(network: dict[str, Any], rest: list[str]) -> list[str]:
    lines = [_HEADER]
    for number, service in enumerate(network["services"], start=1):
        lines.append(f"({number if service['enabled'] else '*'}) {service['name']}")
        device = f" {service['device']}" if service["device"] else ""
        lines += [f"(Hardware Port: {service['port']}, Device:{device})", ""]
    return lines


def _get_auto_proxy(network: dict[str, Any], rest: list[str]) -> list[str]:
    auto = _service(network, rest[0], proxy=True)["auto_proxy"]
    return [f"URL: {auto['url'] or '(null)'}", f"Enabled: {_yes(auto['enabled'])}"]


def _get_discovery(network: dict[str, Any], rest: list[str]) -> list[str]:
    on = _service(network, rest[0], proxy=True)["auto_discovery"]
    return [f"Auto Proxy Discovery: {'On' if on else 'Off'}"]


def _get_proxy(key: str) -> Callable[[dict[str, Any], list[str]], list[str]]:
    def read(network: dict[str, Any], rest: list[str]) -> list[str]:
        proxy = _service(network, rest[0], proxy=True)[key]
        enabled = f"Enabled: {_yes(proxy['enabled'])}"
        return [enabled, f"Server: {proxy['server']}", f"Port: {proxy['port']}", "Authenticated Proxy Enabled: 0"]

    return read


def _get_bypass(network: dict[str, Any], rest: list[str]) -> list[str]:
    name = rest[0]
    return _service(network, name, proxy=True)["bypass"] or [f"There aren't any bypass domains set on {name}."]


def _get_dns(network: dict[str, Any], rest: list[str]) -> list[str]:
    name = rest[0]
    return _service(network, name, proxy=False)["dns"] or [f"There aren't any DNS Servers set on {name}."]


def _get_info(network: dict[str, Any], rest: list[str]) -> list[str]:
    service = _service(network, rest[0], proxy=False)
    if not service["device"]:
        return []
    lines = ["DHCP Configuration"]
    if service["active"]:
        lines += ["IP address: 192.168.10.20", "Subnet mask: 255.255.255.0", "Router: 192.168.10.1"]
    return [*lines, "Client ID: ", "IPv6: Automatic", "IPv6 IP address: none", "IPv6 Router: none"]


def _hardware(network: dict[str, Any], rest: list[str]) -> list[str]:
    lines = [""]
    for number, service in enumerate(network["services"]):
        if service["device"]:
            lines += [f"Hardware Port: {service['port']}", f"Device: {service['device']}"]
            lines += [f"Ethernet Address: 02:00:5e:10:00:{number:02x}", ""]
    return [*lines, "VLAN Configurations", "==================="]


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def _state(rest: list[str]) -> tuple[str, bool]:
    if rest[1].lower() not in ("on", "off"):
        raise _RefusalError(_NOT_VALID, 4)
    return rest[0], rest[1].lower() == "on"


def _set_auto_proxy(data: dict[str, Any], rest: list[str]) -> None:
    name, url = rest
    _service(data["network"], name, proxy=True)["auto_proxy"] = {"url": url, "enabled": True}


def _set_auto_proxy_state(data: dict[str, Any], rest: list[str]) -> None:
    name, on = _state(rest)
    _service(data["network"], name, proxy=True)["auto_proxy"]["enabled"] = on


def _set_discovery(data: dict[str, Any], rest: list[str]) -> None:
    name, on = _state(rest)
    _service(data["network"], name, proxy=True)["auto_discovery"] = on


def _set_proxy(key: str) -> Callable[[dict[str, Any], list[str]], None]:
    def write(data: dict[str, Any], rest: list[str]) -> None:
        if rest[3:] not in ([], ["off"]):
            raise ToolError("lab: an authenticated proxy is not modelled", 127)
        name, server, port = rest[:3]
        _service(data["network"], name, proxy=True)[key] = {"enabled": True, "server": server, "port": int(port)}

    return write


def _set_proxy_state(key: str) -> Callable[[dict[str, Any], list[str]], None]:
    def write(data: dict[str, Any], rest: list[str]) -> None:
        name, on = _state(rest)
        _service(data["network"], name, proxy=True)[key]["enabled"] = on

    return write


def _set_bypass(data: dict[str, Any], rest: list[str]) -> None:
    name, *domains = rest
    _service(data["network"], name, proxy=True)["bypass"] = [] if domains == ["Empty"] else domains


def _set_dns(data: dict[str, Any], rest: list[str]) -> None:
    name, *servers = rest
    service = _service(data["network"], name, proxy=False)
    if [server.lower() for server in servers] == ["empty"]:
        service["dns"] = []
        return
    for server in servers:
        try:
            ipaddress.ip_address(server)
        except ValueError:
            raise _RefusalError(
                f"{server} is not a valid IP address.  No changes were saved.\n{_NOT_VALID}",
                4,
            ) from None
    service["dns"] = servers


def _set_enabled(data: dict[str, Any], rest: list[str]) -> None:
    name, on = _state(rest)
    _service(data["network"], name, proxy=False)["enabled"] = on
    for connection in data["vpn"]:
        if connection["name"] == name:
            connection["enabled"] = on


def _set_order(data: dict[str, Any], rest: list[str]) -> None:
    services = {service["name"]: service for service in data["network"]["services"]}
    if sorted(rest) != sorted(services):
        raise _RefusalError(f"Wrong number of network services. No changes have been made.\n{_NOT_VALID}", 4)
    data["network"]["services"] = [services[name] for name in rest]


_READERS: dict[str, Callable[[dict[str, Any], list[str]], list[str]]] = {
    "listallnetworkservices": _list,
    "listnetworkserviceorder": _order,
    "getautoproxyurl": _get_auto_proxy,
    "getproxyautodiscovery": _get_discovery,
    "getproxybypassdomains": _get_bypass,
    "getdnsservers": _get_dns,
    "getinfo": _get_info,
    "listallhardwareports": _hardware,
    **{f"get{name}": _get_proxy(key) for name, key in _PROXIES.items()},
}
_COUNTS = {
    **dict.fromkeys(("listallnetworkservices", "listnetworkserviceorder", "listallhardwareports"), (0, 0)),
    **dict.fromkeys(("getautoproxyurl", "getproxyautodiscovery", "getproxybypassdomains", "getinfo"), (1, 1)),
    **dict.fromkeys(("getdnsservers", "getwebproxy", "getsecurewebproxy"), (1, 1)),
    **dict.fromkeys(("setautoproxyurl", "setautoproxystate", "setproxyautodiscovery"), (2, 2)),
    **dict.fromkeys(("setnetworkserviceenabled", "setwebproxystate", "setsecurewebproxystate"), (2, 2)),
    **dict.fromkeys(("setproxybypassdomains", "setdnsservers"), (2, 99)),
    **dict.fromkeys(("setwebproxy", "setsecurewebproxy"), (3, 6)),
    "detectnewhardware": (0, 0),
}
_WRITERS: dict[str, Callable[[dict[str, Any], list[str]], None]] = {
    "setautoproxyurl": _set_auto_proxy,
    "setautoproxystate": _set_auto_proxy_state,
    "setproxyautodiscovery": _set_discovery,
    "setproxybypassdomains": _set_bypass,
    "setdnsservers": _set_dns,
    "setnetworkserviceenabled": _set_enabled,
    "ordernetworkservices": _set_order,
    "detectnewhardware": lambda data, rest: None,  # there is none
    **{f"set{name}": _set_proxy(key) for name, key in _PROXIES.items()},
    **{f"set{name}state": _set_proxy_state(key) for name, key in _PROXIES.items()},
}
TOOLS = {"networksetup": networksetup}
