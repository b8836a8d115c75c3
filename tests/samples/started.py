"""Machines as people leave them: of every kind, with anything at the places that a role looks at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st

from lab.windows.machine import DEFAULT_HIVE, SERVICES, Machine
from lab.windows.machine.accounts import Members
from lab.windows.machine.firewall import LOCAL_RULES, Rule, parse
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from plugins.plugin_utils.controls.controls import Check, expand
from plugins.plugin_utils.plan.items import items_of
from plugins.plugin_utils.state.place import Place
from plugins.plugin_utils.state.places import place_of
from plugins.plugin_utils.state.state import State
from tests.samples.in_memory import InMemory
from tests.samples.roles import document_of

VARIANTS = (
    Variant("11-24H2", "Pro", "ja-JP", "drifted"),
    Variant("10-22H2", "Home", "en-US", "clean"),
    Variant("11-23H2", "Pro", "en-US", "half"),
    Variant("11-24H2", "Pro", "ja-JP", "managed"),
    Variant("10-22H2", "Pro", "ja-JP", "fresh"),
)
CONNECTION = {"name": "IMR", "gateway": "vpn.example.org"}
# What an institute may want of each role whose writing is all done by roles/endpoint_controls.
WISHES: dict[str, list[dict[str, Any]]] = {
    "vpn_profile": [
        {"vpn_profile_connections": [CONNECTION], "vpn_profile_self_update": False},
        {
            "vpn_profile_connections": [
                {**CONNECTION, "port": 10443, "authentication": "saml", "external_browser": True},
                {"name": "予備 (2)", "gateway": "vpn2.example.org", "prompt_user_name": False, "description": "2"},
            ]
        },
    ],
    "fortissl_proxy": [
        {"fortissl_proxy_connections": ["fortissl", "IMR"], "fortissl_proxy_pac_url": "http://p.example.org/p.pac"},
        {
            "fortissl_proxy_pac_url": "http://p.example.org/p.pac",
            "fortissl_proxy_server": "p.example.org:8080",
            "fortissl_proxy_bypass": ["*.example.org", "<local>"],
            "fortissl_proxy_manage_lan": True,
            "fortissl_proxy_manage_firefox": False,
        },
        {"fortissl_proxy_pac_url": "http://p.example.org/p.pac", "fortissl_proxy_machine_wide": True},
    ],
    "smb_firewall_scope": [
        {"smb_firewall_scope_remote_addresses": ["172.31.0.0/16"], "smb_firewall_scope_enable": True},
        {
            "smb_firewall_scope_remote_addresses": ["172.31.0.0/16", "10.1.0.0/255.255.0.0"],
            "smb_firewall_scope_local_subnet": False,
            "smb_firewall_scope_profiles": ["Private", "Public"],
            "smb_firewall_scope_disable_other_rules": True,
            "smb_firewall_scope_require_signing": True,
        },
    ],
    "rdp_enable": [
        {"rdp_enable_users": ["labadmin"]},
        {"rdp_enable_users": ["labadmin", "S-1-5-20"], "rdp_enable_remote_addresses": ["172.31.0.0/16", "LocalSubnet"]},
    ],
    "time_sync": [{"time_sync_enable": True, "time_sync_servers": ["a.example.org", "b.example.org"]}],
    "smb_client": [{"smb_client_require_signing": True, "smb_client_allow_guests": False}],
}
TEXTS = st.one_of(
    st.sampled_from(["", "0", "1", "vpn.example.org:443", "VPN.EXAMPLE.ORG:443", "自動構成", "a;b|c=d%e"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
)
BYTES = st.one_of(st.binary(max_size=6), st.just(bytes.fromhex("46000000010000000900000000000000000000000000000000")))
VALUES = st.one_of(
    st.builds(Value, st.sampled_from(["REG_SZ", "REG_EXPAND_SZ"]), TEXTS),
    st.builds(Value, st.just("REG_DWORD"), st.sampled_from([0, 1, 2, 3, 2**32 - 1])),
    st.builds(Value, st.just("REG_QWORD"), st.sampled_from([0, 1, 2**64 - 1])),
    st.builds(Value, st.just("REG_MULTI_SZ"), st.lists(TEXTS.filter(bool), max_size=3)),
    st.builds(Value, st.sampled_from(["REG_BINARY", "REG_NONE"]), BYTES),
)
ADDRESSES = st.lists(
    st.sampled_from(["LocalSubnet", "172.31.0.0/255.255.0.0", "10.0.0.1", "198.51.100.0/24", "2001:db8::/32"]),
    max_size=3,
    unique=True,
)
PROFILES = st.lists(st.sampled_from(["Domain", "Private", "Public"]), max_size=3, unique=True)
# What may be there instead, by kind of place: what is done, and with what.
CHANGES: dict[str, st.SearchStrategy[tuple[str, Any]]] = {
    "registry": st.one_of(
        st.tuples(st.just("value"), VALUES), st.tuples(st.sampled_from(["no value", "no key"]), st.none())
    ),
    "service": st.one_of(
        st.tuples(st.just("start"), st.sampled_from([2, 3, 4])),
        st.tuples(st.just("state"), st.sampled_from(["Running", "Stopped", "Paused"])),
    ),
    "firewall_rule": st.one_of(
        st.tuples(st.just("Active"), st.sampled_from(["TRUE", "FALSE"])),
        st.tuples(st.just("Profile"), PROFILES),
        st.tuples(st.just("addresses"), ADDRESSES),
        st.tuples(st.sampled_from(["no rule", "no words"]), st.none()),
    ),
    "group": st.tuples(st.just("members"), st.lists(st.sampled_from(["S-1-5-20", "S-1-5-21-9-9-9-1001"]), max_size=2)),
}
CHANGES["user_registry"] = CHANGES["registry"]


def examples(number: int) -> settings:
    """Return how many examples are tried: this many in `make test`, more with `--hypothesis-profile thorough`."""
    if settings.get_current_profile_name() == "thorough":
        return settings()
    return settings(max_examples=number, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])


@st.composite
def started(draw: st.DrawFn, role: str) -> InMemory:
    """Return the role on a machine with anything at the places that it looks at."""
    variant, variables = draw(st.sampled_from(VARIANTS)), draw(st.sampled_from(WISHES[role]))
    one = InMemory(machine_like(VARIANTS.index(variant)).copy(), role, variables)
    places = _places(role, VARIANTS.index(variant), WISHES[role].index(variables))
    for number in draw(st.lists(st.integers(0, len(places) - 1), max_size=6)):
        what, data = draw(CHANGES[places[number].kind])
        change(one.machine, places[number], what, data)
    return one


@cache
def machine_like(variant: int) -> Machine:
    """Return a machine as it comes; whoever changes it takes a copy."""
    return build_windows("pc-1", VARIANTS[variant], seed=1, admin="labadmin")


@cache
def _places(role: str, variant: int, wish: int) -> list[Place]:
    """Return where the role looks on such a machine, of what can be changed there."""
    one = InMemory(machine_like(variant), role, WISHES[role][wish])
    wanted = one.wanted()
    endpoint = State(document_of(one.machine, wanted["reads"]), wanted["reads"])
    checks = expand(wanted["controls"], lambda control: items_of(control, endpoint, role)[0])
    wheres = [where for check in checks for one in _of_users(check, endpoint) for where in _looked_at(one)]
    places = {place.identity: place for place in map(place_of, filter(None, wheres)) if place.kind in CHANGES}
    return [*places.values()]


def _of_users(check: Check, endpoint: State) -> list[Check]:
    return [check.of_user(sid) for sid in sorted(endpoint.users())] if check.scope == "users" else [check]


def _looked_at(check: Check) -> list[dict[str, Any]]:
    return [check.where, *(item["where"] for item in (*check.governed_by, *check.applies_if))]


def change(machine: Machine, place: Place, what: str, data: Any) -> None:
    """Let something else be there."""
    where = place.where
    if place.kind in ("registry", "user_registry"):
        _change_registry(machine, place, what, data)
    elif what == "start":
        machine.registry.set(rf"{SERVICES}\{place.name}", "Start", Value("REG_DWORD", data))
    elif what == "state" and (data != "Paused" or place.name == "LanmanServer"):  # not every service can be
        machine.services[place.name].state = data
    elif what == "members":
        machine.groups[where["group"]].members = Members(data)
    elif machine.registry.data(LOCAL_RULES, place.name) is not None:
        _change_rule(machine, place.name, what, data)


def _change_registry(machine: Machine, place: Place, what: str, data: Any) -> None:
    registry, user = machine.registry, place.where.get("user")
    hive = "" if user is None else _hive(machine, user)
    path = f"{hive}{place.name}"
    if what == "value" and "value" in place.where:
        registry.set(path, place.where["value"], data)
    elif what == "no value" and "value" in place.where:
        registry.delete_value(path, place.where["value"])
    elif what == "no key" and not path.startswith("HKLM\\SYSTEM\\"):  # those Windows itself always has
        registry.delete_key(path)
    if hive.startswith("HKU\\Test"):
        registry.unload(r"HKU\Test")


def _hive(machine: Machine, user: str) -> str:
    if machine.hive_loaded(user):
        return f"HKU\\{user}\\"
    machine.registry.load(r"HKU\Test", DEFAULT_HIVE if user == "default" else str(machine.hive_path(user)))
    return "HKU\\Test\\"


def _change_rule(machine: Machine, name: str, what: str, data: Any) -> None:
    if what == "no rule":
        machine.registry.delete_value(LOCAL_RULES, name)
    elif what == "no words":
        machine.registry.set(LOCAL_RULES, name, Value("REG_SZ", "garbage"))
    elif (text := str(machine.registry.data(LOCAL_RULES, name))) != "garbage":
        machine.registry.set(LOCAL_RULES, name, Value("REG_SZ", _changed(parse(text), what, data)))


def _changed(rule: Rule, what: str, data: Any) -> str:
    if what == "addresses":
        rule.put_addresses("R", data)
    else:
        rule.put(what, data)
    return rule.render()


def state_of(machine: Machine) -> Mapping[str, Any]:
    """Return all that a machine is, so that two can be compared."""
    state = machine.to_json()
    state["registry"]["files"] = {file["path"]: file["key"] for file in state["registry"]["files"]}
    return state
