"""networksetup: services, proxies and DNS (facts/macos.md 2.1 to 2.3). Errors go to standard output too."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled

Service = dict[str, Any]
_NOT_VALID = "** Error: The parameters were not valid."
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
    try:
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
        raise _RefusalError("** Error: Unable to find item in network database.", 8)
    raise _RefusalError(f"{name} is not a recognized network service.\n{_NOT_VALID}", 4)


def _one(rest: list[str]) -> str:
    if len(rest) != 1:
        raise _RefusalError(_NOT_VALID, 4)
    return rest[0]


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
    auto = _service(network, _one(rest), proxy=True)["auto_proxy"]
    return [f"URL: {auto['url'] or '(null)'}", f"Enabled: {_yes(auto['enabled'])}"]


def _get_discovery(network: dict[str, Any], rest: list[str]) -> list[str]:
    on = _service(network, _one(rest), proxy=True)["auto_discovery"]
    return [f"Auto Proxy Discovery: {'On' if on else 'Off'}"]


def _get_proxy(key: str) -> Callable[[dict[str, Any], list[str]], list[str]]:
    def read(network: dict[str, Any], rest: list[str]) -> list[str]:
        proxy = _service(network, _one(rest), proxy=True)[key]
        enabled = f"Enabled: {_yes(proxy['enabled'])}"
        return [enabled, f"Server: {proxy['server']}", f"Port: {proxy['port']}", "Authenticated Proxy Enabled: 0"]

    return read


def _get_bypass(network: dict[str, Any], rest: list[str]) -> list[str]:
    name = _one(rest)
    return _service(network, name, proxy=True)["bypass"] or [f"There aren't any bypass domains set on {name}."]


def _get_dns(network: dict[str, Any], rest: list[str]) -> list[str]:
    name = _one(rest)
    return _service(network, name, proxy=False)["dns"] or [f"There aren't any DNS Servers set on {name}."]


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def _state(rest: list[str]) -> tuple[str, bool]:
    if len(rest) != 2 or rest[1].lower() not in ("on", "off"):
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
        if len(rest) != 3:
            raise ToolError("lab: an authenticated proxy is not modelled", 127)
        name, server, port = rest
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
    **{f"get{name}": _get_proxy(key) for name, key in _PROXIES.items()},
}
_WRITERS: dict[str, Callable[[dict[str, Any], list[str]], None]] = {
    "setautoproxyurl": _set_auto_proxy,
    "setautoproxystate": _set_auto_proxy_state,
    "setproxyautodiscovery": _set_discovery,
    "setproxybypassdomains": _set_bypass,
    "setdnsservers": _set_dns,
    "setnetworkserviceenabled": _set_enabled,
    "ordernetworkservices": _set_order,
    **{f"set{name}": _set_proxy(key) for name, key in _PROXIES.items()},
    **{f"set{name}state": _set_proxy_state(key) for name, key in _PROXIES.items()},
}
TOOLS = {"networksetup": networksetup}
