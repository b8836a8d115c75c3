"""Uninstall entries in what the registry says."""

from __future__ import annotations

from plugins.filter.windows_products import uninstall_entries

VIEWS = [r"HKLM\SOFTWARE\Uninstall", r"HKLM\SOFTWARE\WOW6432Node\Uninstall"]


def product(name):
    return {"exists": True, "values": {"DisplayName": {"type": "REG_SZ", "data": name}}, "keys": {}}


CLIENT = product("FortiClient VPN")


def test_the_entries_of_a_product_in_both_views():
    registry = {
        VIEWS[0]: {"exists": True, "values": {}, "keys": {"{A}": CLIENT, "{B}": product("Something else")}},
        VIEWS[1]: {"exists": True, "values": {}, "keys": {"{C}": CLIENT}},
    }
    assert uninstall_entries(registry, VIEWS, "FortiClient VPN") == ["{A}", "{C}"]
    assert uninstall_entries(registry, VIEWS) == ["{A}", "{B}", "{C}"]


def test_a_view_that_is_not_there_has_none():
    assert uninstall_entries({VIEWS[0]: {"exists": False}, VIEWS[1]: {"error": "access denied"}}, VIEWS) == []
    assert uninstall_entries({}, VIEWS) == []


def test_an_entry_without_a_name_or_unread_is_no_product():
    odd = {
        "nameless": {"exists": True, "values": {}, "keys": {}},
        "unread": {"error": "access denied"},
        "name unread": {"exists": True, "values": {"DisplayName": {"error": "not supported"}}, "keys": {}},
        "other case": {"exists": True, "values": {"displayname": {"type": "REG_SZ", "data": "FortiClient VPN"}}},
    }
    registry = {VIEWS[0]: {"exists": True, "values": {}, "keys": odd}}
    assert uninstall_entries(registry, VIEWS, "FortiClient VPN") == ["other case"]
