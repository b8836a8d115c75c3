"""scutil: --get, --proxy, --nc list, --nc status (facts/macos.md 2.6)."""

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
            return _proxy(data["network"])
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


def _proxy(network: dict[str, Any]) -> int:
    """Print the proxy of the primary service: the first one that is enabled and has an interface in use."""
    active = [service for service in network["services"] if service["enabled"] and service["active"]]
    lines = _proxy_lines(active[0]) if active else []
    print("<dictionary> {")
    print("\n".join(f"  {line}" for line in lines))
    if active and any(service["device"] for service in active):
        print("  __SCOPED__ : <dictionary> {")
        for service in active:
            if service["device"]:
                print(f"    {service['device']} : <dictionary> {{")
                print("\n".join(f"      {line}" for line in _proxy_lines(service)))
                print("    }")
        print("  }")
    print("}")
    return 0


def _proxy_lines(service: dict[str, Any]) -> list[str]:
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
    return lines


TOOLS = {"scutil": scutil}
