"""scutil: --get, --proxy, --dns, --nc list, --nc status (docs/sources/macos.md#scutil)."""

from __future__ import annotations

from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled


def scutil(session: Session, arguments: list[str]) -> int:
    """Answer one question."""
    data = session.state.read()
    match arguments:
        case ["--get", name]:
            return _get(data["system"], name)
        case ["--proxy"]:
            return _proxy(_active(data))
        case ["--dns"]:
            return _dns(_active(data))
        case ["--nc", "list"]:
            return _connections(data["vpn"])
        case ["--nc", "status", name]:
            return _status(data["vpn"], name)
    raise not_modelled("scutil", arguments)


def _get(system: dict[str, Any], name: str) -> int:
    names = {"ComputerName": "computer_name", "LocalHostName": "local_host_name", "HostName": "fixed_host_name"}
    if name not in names:
        raise not_modelled("scutil", ["--get", name])
    value = system[names[name]]
    if value is None:
        print(f"{name}: not set")
        return 1
    print(value)
    return 0


def _connections(services: list[dict[str, Any]]) -> int:
    print("Available network connection services in the current set (*=enabled):")
    for service in services:
        mark = "*" if service["enabled"] else " "
        status = f"({service['status']})"
        name = f'"{service["name"]}"'
        print(f"{mark} {status:<16} {service['id']} VPN ({service['bundle']}) {name:<32} [VPN:{service['bundle']}]")
    return 0


def _status(services: list[dict[str, Any]], wanted: str) -> int:
    for service in services:
        if wanted in (service["id"], service["name"]):
            print(service["status"])
            print("Extended Status <dictionary> {")
            if service["status"] == "Connected":
                print(
                    "  IPv4 : <dictionary> {\n    Addresses : <array> {\n      0 : 10.20.4.7\n    }\n"
                    "    InterfaceName : utun4\n  }"
                )
            print("  Status : " + {"Connected": "2", "Connecting": "1"}.get(service["status"], "0"))
            print("}")
            return 0
    raise ToolError("No service")


def _active(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the services in use, the primary one first: a VPN that takes all traffic, else the first in order.

    `full_tunnel` of the VPN in the machine's facts says whether it does.
    """
    active = [service for service in data["network"]["services"] if service["enabled"] and service["active"]]
    full = {connection["name"] for connection in data["vpn"] if connection.get("full_tunnel")}
    return sorted(active, key=lambda service: service["name"] not in full)


def _proxy(active: list[dict[str, Any]]) -> int:
    """Print the proxy of the primary service, and those of all that have an interface."""
    print("<dictionary> {")
    for line in _proxy_lines(active[0]) if active else []:
        print(f"  {line}")
    scoped = [service for service in active if service["device"]]
    if scoped:
        print("  __SCOPED__ : <dictionary> {")
        for service in scoped:
            print(f"    {service['device']} : <dictionary> {{")
            print("\n".join(f"      {line}" for line in _proxy_lines(service)))
            print("    }")
        print("  }")
    print("}")
    return 0


def _dns(active: list[dict[str, Any]]) -> int:
    """Print the primary service's resolver, then the scoped ones."""
    if not active:
        raise ToolError("No DNS configuration available")
    print("DNS configuration\n")
    _resolver(1, active[0], scoped=False)
    print("DNS configuration (for scoped queries)\n")
    for number, service in enumerate((one for one in active if one["device"]), start=1):
        _resolver(number, service, scoped=True)
    return 0


def _resolver(number: int, service: dict[str, Any], *, scoped: bool) -> None:
    print(f"resolver #{number}")
    for at, server in enumerate(service["dns"] or ["192.168.10.1"]):
        print(f"  nameserver[{at}] : {server}")
    if service["device"]:
        print(f"  if_index : 14 ({service['device']})")
    print(f"  flags    : {'Scoped, ' if scoped else ''}Request A records")
    print("  reach    : 0x00020002 (Reachable,Directly Reachable Address)")
    print("" if scoped else "  order    : 200000\n")


def _proxy_lines(service: dict[str, Any]) -> list[str]:
    own = ("auto_proxy", "web_proxy", "secure_web_proxy")
    if not service["device"] and not service["auto_discovery"] and not any(service[key]["enabled"] for key in own):
        return []  # a VPN service without proxies of its own has no such dictionary
    lines = ["ExceptionsList : <array> {", *(f"  {at} : {domain}" for at, domain in enumerate(service["bypass"])), "}"]
    lines.append("FTPPassive : 1")
    if service["web_proxy"]["enabled"]:
        lines += [
            "HTTPEnable : 1",
            f"HTTPPort : {service['web_proxy']['port']}",
            f"HTTPProxy : {service['web_proxy']['server']}",
        ]
    if service["secure_web_proxy"]["enabled"]:
        proxy = service["secure_web_proxy"]
        lines += ["HTTPSEnable : 1", f"HTTPSPort : {proxy['port']}", f"HTTPSProxy : {proxy['server']}"]
    if service["auto_proxy"]["enabled"]:
        lines += ["ProxyAutoConfigEnable : 1", f"ProxyAutoConfigURLString : {service['auto_proxy']['url']}"]
    if service["auto_discovery"]:
        lines.append("ProxyAutoDiscoveryEnable : 1")
    return lines


TOOLS = {"scutil": scutil}
