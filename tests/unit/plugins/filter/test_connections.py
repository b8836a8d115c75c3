"""Connections of the inventory as what is looked at one by one."""

from __future__ import annotations

from plugins.filter.connections import gateways, of_each_user

LAB = {"name": "Lab", "gateway": "FG.example.org", "port": 10443, "users": ["pc\\taro", "hanako"]}
PLAIN = {"name": "IMR", "gateway": "fg.example.org", "users": ["taro"], "proxy_script": "http://p/x.pac"}


def test_a_store_connection_is_one_item_for_each_of_its_users():
    whole = {**PLAIN, "port": "443", "custom_configuration": "<a/>"}
    assert of_each_user([LAB, whole], "<x/>") == [
        {
            **{"instance": "Lab of pc\\taro", "name": "Lab", "user": "pc\\taro", "proxy_script": ""},
            **{"address": "https://FG.example.org:10443", "custom_configuration": "<x/>"},
        },
        {
            **{"instance": "Lab of hanako", "name": "Lab", "user": "hanako", "proxy_script": ""},
            **{"address": "https://FG.example.org:10443", "custom_configuration": "<x/>"},
        },
        {
            **{"instance": "IMR of taro", "name": "IMR", "user": "taro", "proxy_script": "http://p/x.pac"},
            **{"address": "https://fg.example.org", "custom_configuration": "<a/>"},
        },
    ]


def test_each_gateway_and_port_is_named_once():
    assert gateways([PLAIN, LAB, {"gateway": "FG.EXAMPLE.org"}]) == [
        {"name": "fg.example.org", "port": 443},
        {"name": "fg.example.org", "port": 10443},
    ]
