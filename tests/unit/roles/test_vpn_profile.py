"""vpn_profile on Windows: a registry key that the role made goes again with the role, unless somebody else uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from lab.windows.machine import Machine
from lab.windows.machine.registry import Value
from lab.windows.seed import Variant, build_windows
from plugins.plugin_utils.controls.validate import refused_of_role
from tests.samples.roles import planned

FORTICLIENT = r"HKLM\SOFTWARE\Fortinet\FortiClient"
SELF_UPDATE = FORTICLIENT + r"\FA_UPDATE"
NOTE = r"HKLM\SOFTWARE\OffsiteEndpoints\Before"
DESIRED = {
    "vpn_profile_connections": [{"name": "IMR", "gateway": "vpn.example.org"}],
    "vpn_profile_self_update": False,
}


def prepared(*missing: str) -> Machine:
    """Return a machine on which the role wrote self_update, and whose client had never made these keys before."""
    machine = build_windows("pc-1", Variant("11-24H2", "Pro", "ja-JP", "drifted"), seed=1)
    for key in missing:
        machine.registry.delete_key(FORTICLIENT + key)
    note = planned("vpn_profile", machine, **DESIRED).keep
    for item in planned("vpn_profile", machine, **DESIRED).writes.as_dict()["registry"]:
        if "name" in item and item["type"] in ("dword", "string"):
            value = Value({"dword": "REG_DWORD", "string": "REG_SZ"}[item["type"]], item["data"])
            machine.registry.set(item["path"].replace(":", ""), item["name"], value)
    assert note
    machine.registry.set(NOTE, "vpn_profile", Value("REG_SZ", note))
    return machine


def keys_that_go(machine: Machine) -> list[str]:
    back = planned("vpn_profile", machine, vpn_profile_state="absent", **DESIRED)
    gone = [item["path"] for item in back.writes.as_dict()["registry"] if item.get("delete_key")]
    return [path.rpartition("FortiClient\\")[2] for path in gone]


def test_an_empty_key_of_the_role_s_own_goes_with_its_value():
    assert keys_that_go(prepared(r"\FA_UPDATE")) == ["FA_UPDATE"]


def test_all_the_keys_above_a_connection_go_when_the_role_made_them():
    assert keys_that_go(prepared(r"\Sslvpn")) == [r"Sslvpn\Tunnels\IMR", r"Sslvpn\Tunnels", "Sslvpn"]


def test_a_key_that_was_there_stays():
    assert keys_that_go(prepared()) == []


@pytest.mark.parametrize("theirs", ["a value", "a key"])
def test_a_key_that_somebody_else_uses_by_now_stays(theirs):
    machine = prepared(r"\FA_UPDATE")
    if theirs == "a value":
        machine.registry.set(SELF_UPDATE, "theirs", Value("REG_DWORD", 1))
    else:
        machine.registry.create(SELF_UPDATE + r"\Theirs")
    assert keys_that_go(machine) == []


OURS = {"vpn_profile_connections": [{"name": "IMR", "gateway": "fg.imr.tohoku.ac.jp"}]}


def text(data: str) -> Value:
    return Value("REG_SZ", data)


def others(change: Callable[[Machine, str], None], **variables: Any) -> dict[str, dict[str, Any]]:
    """Return the records on other connections by scope, of a machine whose one user's hive is at hand for a change."""
    machine = build_windows("pc-1", Variant("11-24H2", "Pro", "ja-JP", "clean"), seed=1)
    user = next(sid for sid in machine.registry.keys("HKU") if sid.startswith("S-1-5-21-"))
    change(machine, rf"HKU\{user}\SOFTWARE\Fortinet\FortiClient")
    records = planned("vpn_profile", machine, **OURS, **variables).records
    wanted = ("vpn_profile.other_connections", "vpn_profile.user_connections")
    return {"user" if item["scope"] == user else item["scope"]: item for item in records if item["control"] in wanted}


@pytest.mark.parametrize(
    ("below", "values", "words"),
    [
        # Saved names and choices for ours, as the client itself keeps them.
        (r"Sslvpn\Tunnels\IMR", {"DATA1": "x"}, ""),
        (r"Sslvpn\Tunnels\IMR", {"Server": "FG.imr.tohoku.ac.jp:443"}, ""),
        (r"Sslvpn\Tunnels\Home", {"Server": "vpn.example.org:443"}, ""),
        (r"Sslvpn\Tunnels\imr", {"Server": "130.34.226.190:443"}, "goes to another gateway than fg.imr"),
        (r"Sslvpn\Tunnels\IMR", {"Server": "fg.imr.tohoku.ac.jp:10443"}, "goes to another gateway than fg.imr"),
        (
            r"Sslvpn\Tunnels\Old",
            {"Server": "130.34.226.190:443"},
            "Old (SSL-VPN, 130.34.226.190:443) goes to an address",
        ),
        (r"Sslvpn\Tunnels\Two", {"Server": "a.example.org:443;[2001:db8::1]:443"}, "goes to an address"),
        (r"IPSec\Tunnels\IMR\P1", {"RemoteGW": "fg.imr.tohoku.ac.jp"}, "IMR (IPsec, fg.imr.tohoku.ac.jp) has the name"),
        (r"IPSec\Tunnels\Old\P1", {"RemoteGW": "130.34.226.190"}, "Old (IPsec, 130.34.226.190) goes to an address"),
    ],
)
def test_a_user_s_connection_that_can_be_taken_for_ours_or_goes_to_an_address_is_reported(below, values, words):
    def change(machine: Machine, key: str) -> None:
        machine.registry.update(rf"{key}\{below}", {name: text(data) for name, data in values.items()})

    found = others(change)
    assert found["user"]["status"] == ("drifted" if words else "compliant")
    assert words in found["user"]["reason"]
    assert {item["status"] for scope, item in found.items() if scope != "user"} == {"compliant"}
    if words:
        assert "vpn_profile_allowed_connections" in found["user"]["next"]
        name = below.split("\\")[2]
        if name.casefold() != "imr":
            assert others(change, vpn_profile_allowed_connections=[name])["user"]["status"] == "compliant"


def test_an_ipsec_connection_of_the_machine_is_reported_too():
    def change(machine: Machine, _key: str) -> None:
        machine.registry.update(rf"{FORTICLIENT}\IPSec\Tunnels\IMR\P1", {"RemoteGW": text("fg.imr.tohoku.ac.jp")})

    found = others(change)
    assert found["machine"]["status"] == "drifted"
    assert found["machine"]["actual"] == ["IMR (IPsec, fg.imr.tohoku.ac.jp)"]
    assert found["user"]["status"] == "compliant"


def test_no_run_writes_or_removes_anybody_s_connection():
    machine = build_windows("pc-1", Variant("11-24H2", "Pro", "ja-JP", "clean"), seed=1)
    before = planned("vpn_profile", machine, **OURS).writes.as_dict()
    machine.registry.update(rf"{FORTICLIENT}\IPSec\Tunnels\IMR\P1", {"RemoteGW": text("10.0.0.1")})
    machine.registry.update(rf"{FORTICLIENT}\Sslvpn\Tunnels\Old", {"Server": text("10.0.0.1:443")})
    assert planned("vpn_profile", machine, **OURS).writes.as_dict() == before


@pytest.mark.parametrize(("name", "fine"), [("Home", True), ("imr", False), ("a{b}", False), ("a\\b", False)])
def test_an_allowed_connection_has_a_name_that_somebody_can_have_and_is_not_ours(name, fine):
    refused = refused_of_role("vpn_profile", {**OURS, "vpn_profile_allowed_connections": [name]}, DataLoader())
    assert (refused == []) is fine


TUNNEL = FORTICLIENT + r"\Sslvpn\Tunnels\IMR"


def connection(**fields: Any) -> dict[str, Any]:
    return {"vpn_profile_connections": [{**OURS["vpn_profile_connections"][0], **fields}]}


def written(machine: Machine, **fields: Any) -> dict[str, Any]:
    """Return what the role would write of the logon, by the value's name."""
    items = planned("vpn_profile", machine, **connection(**fields)).writes.as_dict()["registry"]
    names = ("sso_enabled", "use_external_browser", "promptcertificate")
    return {item["name"]: (item["data"], item["type"]) for item in items if item.get("name") in names}


def prepared_by(**fields: Any) -> Machine:
    """Return a machine whose connection has these values (numbers) beside what the role wants."""
    machine = build_windows("pc-1", Variant("11-24H2", "Pro", "ja-JP", "clean"), seed=1)
    machine.registry.update(TUNNEL, {name: Value("REG_DWORD", data) for name, data in fields.items()})
    return machine


PASSWORD = {"sso_enabled": 0, "promptcertificate": 0}


@pytest.mark.parametrize(
    ("there", "fields", "expected"),
    [
        (PASSWORD, {}, {}),
        (PASSWORD | {"use_external_browser": 1}, {}, {}),
        (PASSWORD, {"authentication": "saml"}, {"sso_enabled": 1, "use_external_browser": 0}),
        (PASSWORD, {"authentication": "saml", "external_browser": True}, {"sso_enabled": 1, "use_external_browser": 1}),
        ({"sso_enabled": 1, "promptcertificate": 0, "use_external_browser": 0}, {"authentication": "saml"}, {}),
        ({"sso_enabled": 1, "promptcertificate": 1}, {}, {"sso_enabled": 0, "promptcertificate": 0}),
        (PASSWORD, {"authentication": "certificate"}, {"promptcertificate": 1}),
        ({"sso_enabled": 0, "promptcertificate": 1}, {"authentication": "certificate"}, {}),
    ],
)
def test_a_connection_is_written_as_its_users_log_on(there, fields, expected):
    assert written(prepared_by(**there), **fields) == {name: (data, "dword") for name, data in expected.items()}


@pytest.mark.parametrize("wrong", [Value("REG_DWORD", 0), Value("REG_SZ", "1"), None])
def test_a_wrong_browser_setting_of_a_saml_connection_is_written_anew(wrong):
    machine = prepared_by(sso_enabled=1, promptcertificate=0)
    if wrong:
        machine.registry.set(TUNNEL, "use_external_browser", wrong)
    expected = {"use_external_browser": (1, "dword")}
    assert written(machine, authentication="saml", external_browser=True) == expected


FILTER = {"common_name": {"match": "wildcard", "pattern": "*.example.org"}}


def test_a_certificate_filter_is_said_not_to_be_for_windows():
    machine = prepared_by(sso_enabled=0, promptcertificate=1)
    result = planned("vpn_profile", machine, **connection(authentication="certificate", certificate_filter=FILTER))
    (found,) = [item for item in result.records if item["control"] == "vpn_profile.certificate_filter"]
    assert found["status"] == "not_applicable"
    assert "certificate_filter is for Macs" in found["reason"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"authentication": "saml", "external_browser": False}, ""),
        ({"authentication": "certificate", "certificate_filter": FILTER}, ""),
        ({"authentication": "kerberos"}, "kerberos"),
        ({"external_browser": True}, "external_browser belongs to authentication saml"),
        ({"authentication": "certificate", "external_browser": True}, "external_browser belongs to"),
        ({"authentication": "saml", "certificate_filter": FILTER}, "certificate_filter (common_name, issuer, or both)"),
        ({"authentication": "certificate", "certificate_filter": {}}, "certificate_filter (common_name, issuer"),
        ({"authentication": "certificate", "certificate_filter": {"issuer": {"match": "simple"}}}, "pattern"),
        ({"authentication": "certificate", "certificate_filter": {"issuer": {"match": "x", "pattern": "y"}}}, "regex"),
    ],
)
def test_what_does_not_belong_to_a_connection_s_logon_is_refused(fields, words):
    refused = refused_of_role("vpn_profile", connection(**fields), DataLoader())
    assert (refused == []) is (words == "")
    assert words in " ".join(refused)


def ends(machine: Machine, **fields: Any) -> dict[str, Any]:
    """Return the record on the end of SSL-VPN."""
    result = planned("vpn_profile", machine, **connection(**fields))
    (found,) = [item for item in result.records if item["control"] == "vpn_profile.ssl_vpn_mode"]
    return found


@pytest.mark.parametrize("fortios", ["7.6.3", "7.6.4", "8.0.1", "8"])
def test_a_connection_to_a_gateway_without_tunnel_mode_is_reported_on_each_machine_that_has_it(fortios):
    machine = prepared_by()
    machine.registry.set(TUNNEL, "Server", text("fg.imr.tohoku.ac.jp:443"))
    found = ends(machine, fortios=fortios)
    assert (found["status"], found["severity"], found["instance"]) == ("drifted", "high", "IMR")
    assert "docs/end-of-ssl-vpn.md" in found["next"]
    assert "coming" not in found
    machine.registry.delete_key(TUNNEL)
    assert ends(machine, fortios=fortios)["status"] == "compliant"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "which FortiOS the gateway fg.imr.tohoku.ac.jp has is not said"),
        ({"fortios": "7.6.2"}, "has FortiOS 7.6.2, which has SSL-VPN tunnel mode. It ends with the update to 7.6.3"),
        ({"fortios": "7.4.12"}, "has FortiOS 7.4.12"),
    ],
)
def test_what_is_coming_is_said_today(fields, words):
    found = ends(prepared_by(), **fields)
    assert found["status"] == "not_applicable"
    assert words in found["reason"]
    assert "docs/end-of-ssl-vpn.md" in found["reason"]
    coming = "SSL-VPN connections end when their gateway is updated to FortiOS 7.6.3 or newer (docs/end-of-ssl-vpn.md)"
    assert found["coming"] == coming


@pytest.mark.parametrize(("fortios", "fine"), [("7.4.12", True), ("v7.4", False), ("", False)])
def test_a_fortios_is_a_version(fortios, fine):
    assert (refused_of_role("vpn_profile", connection(fortios=fortios), DataLoader()) == []) is fine
