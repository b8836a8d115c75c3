"""Jinja filters that make of connections, as the inventory has them, what is looked at one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..plugin_utils.values.versions import compare_versions

HTTPS = 443


def of_each_user(connections: Iterable[Mapping[str, Any]], configuration: str) -> list[dict[str, Any]]:
    """Return one item a Store connection and user: a plug-in connection cannot be for all users."""
    return [
        {
            "instance": f"{one['name']} of {user}",
            "name": one["name"],
            "user": user,
            "address": f"https://{one['gateway']}{'' if _port(one) == HTTPS else ':' + str(_port(one))}",
            "proxy_script": one.get("proxy_script", ""),
            "custom_configuration": one.get("custom_configuration", configuration),
        }
        for one in connections
        for user in one["users"]
    ]


def gateways(connections: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the gateways that connections go to, each name and port once, in their order."""
    found = dict.fromkeys((str(one["gateway"]).lower(), _port(one)) for one in connections)
    return [{"name": name, "port": port} for name, port in found]


def certificate_filters(
    connections: Iterable[Mapping[str, Any]], fields: Iterable[Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Return one item a connection and key of its certificate filter; what the filter leaves out has none."""
    return [
        {"instance": f"{one['name']} {field['key']}", "name": one["name"], "key": field["key"], "value": str(value)}
        for one in connections
        for field in fields
        if (value := one["certificate_filter"].get(field["of"], {}).get(field["field"])) is not None
    ]


def ends_of_ssl_vpn(
    connections: Iterable[Mapping[str, Any]], first: str, words: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return one item a connection: asked of the endpoint where its gateway has FortiOS `first` or newer.

    Of all others `words` say what is coming: why they are not asked (unknown, older), and what ends (coming).
    """
    items = []
    for one in connections:
        item = {"name": one["name"], "coming": ""}
        version = one.get("fortios")
        if version is None or compare_versions(version, first) < 0:
            said = words["unknown" if version is None else "older"]
            filled = {"gateway": one["gateway"], "fortios": version, "first": first}
            for name, text in filled.items():
                said = said.replace(f"{{{name}}}", str(text))
            item |= {"when": False, "otherwise": said, "coming": words["coming"].replace("{first}", first)}
        items.append(item)
    return items


def _port(connection: Mapping[str, Any]) -> int:
    return int(connection.get("port", HTTPS))


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return name to function."""
        return {
            "of_each_user": of_each_user,
            "gateways": gateways,
            "certificate_filters": certificate_filters,
            "ends_of_ssl_vpn": ends_of_ssl_vpn,
        }
