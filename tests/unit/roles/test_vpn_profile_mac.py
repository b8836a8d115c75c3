"""When what vpn_profile writes on a Mac takes effect."""

from __future__ import annotations

from typing import Any

import pytest

from tests.samples.documents import APP, BEFORE_PLIST, PLIST, mac
from tests.samples.mac_roles import planned

OTHERS = "vpn_profile.other_connections"
STILL = (OTHERS, "vpn_profile.personal_connections", "vpn_profile.ssl_vpn_mode")
CONNECTIONS = [{"name": "IMR", "gateway": "fg.imr.tohoku.ac.jp"}]


@pytest.mark.parametrize(
    ("console_user", "tunnel", "words"),
    [
        ("taro", False, ""),
        (None, False, "takes effect at the next logon"),
        ({"error": "/dev/console may not be read"}, False, "takes effect at the next logon"),
        ("taro", True, "takes effect the next time FortiClient starts"),
    ],
)
def test_the_record_says_when_it_takes_effect(console_user: Any, tunnel: bool, words: str):
    document = {**mac(), "console_user": console_user, "tunnel": {"active": tunnel, "services": []}}
    result = planned("vpn_profile", document, vpn_profile_connections=CONNECTIONS)
    # What is only reported, or not asked for, takes no effect.
    assert {words for control, words in result.effects.items() if control not in STILL} == {words}


@pytest.mark.parametrize("tunnel", [True, False])
def test_nothing_is_written_while_a_tunnel_is_up(tunnel: bool):
    document = mac()
    document["plists"] = {PLIST: {"exists": True, "format": "xml", "data": {}}, BEFORE_PLIST: {"exists": False}}
    document["files"] = {APP: {"exists": True, "type": "file", "owner": "root", "group": "wheel", "mode": "0644"}}
    document["tunnel"]["active"] = tunnel
    result = planned("vpn_profile", document, vpn_profile_connections=CONNECTIONS)
    assert result.as_dict()["has_writes"] is not tunnel
    written = [item for item in result.records if item["control"] not in STILL]
    assert {item["status"] for item in written} == {"drifted"}
    if tunnel:
        assert all(
            item["reason"].endswith("postponed: a VPN tunnel is up; run again when it is disconnected")
            for item in written
        )


def a_mac(**profiles: Any) -> dict[str, Any]:
    document = mac()
    document["tunnel"]["active"] = False
    data = {"Profiles": profiles}
    document["plists"] = {PLIST: {"exists": True, "format": "xml", "data": data}, BEFORE_PLIST: {"exists": False}}
    document["files"] = {APP: {"exists": True, "type": "file", "owner": "root", "group": "wheel", "mode": "0644"}}
    return document


def others(profiles: dict[str, Any], **variables: Any) -> dict[str, Any]:
    given = {"vpn_profile_connections": CONNECTIONS, **variables}
    (found,) = [
        item for item in planned("vpn_profile", a_mac(**profiles), **given).records if item["control"] == OTHERS
    ]
    return found


OURS = {"Name": "IMR", "Server": "fg.imr.tohoku.ac.jp", "ServerPort": 443, "VpnType": 0}


@pytest.mark.parametrize(
    ("profiles", "words"),
    [
        ({"IMR": OURS}, ""),
        ({}, ""),
        ({"IMR": OURS, "Home": {"Name": "Home", "Server": "vpn.example.org", "VpnType": 0}}, ""),
        # The managed entry itself is the business of the other controls.
        ({"IMR": {**OURS, "Server": "130.34.226.190"}}, ""),
        ({"IMR": OURS, "IMR-2": OURS}, "IMR (SSL-VPN, fg.imr.tohoku.ac.jp:443) has the name of the connection"),
        (
            {"IMR": OURS, "old": {"Name": "imr", "Server": "130.34.226.190"}},
            "imr (SSL-VPN, 130.34.226.190) has the name",
        ),
        ({"IMR": OURS, "Old": {"Server": "130.34.226.190", "VpnType": 0}}, "Old (SSL-VPN, 130.34.226.190) goes to an"),
        ({"IMR": OURS, "Old": {"Server": "2001:db8::1", "ServerPort": 443, "VpnType": 0}}, "goes to an address"),
        ({"IMR": OURS, "tunnel": {"Name": "IMR", "VpnType": 1}}, "IMR (VpnType 1) has the name of the connection"),
    ],
)
def test_an_entry_that_can_be_taken_for_ours_or_goes_to_an_address_is_reported(profiles: Any, words: str):
    found = others(profiles)
    assert found["status"] == ("drifted" if words else "compliant")
    assert words in found["reason"]
    if words:
        assert "vpn_profile_allowed_connections" in found["next"]


def test_what_is_allowed_is_not_reported_and_what_others_have_is_nobody_s_business():
    profiles = {"IMR": OURS, "Old": {"Server": "130.34.226.190"}, "Home": {"Server": "vpn.example.org"}}
    assert others(profiles, vpn_profile_allowed_connections=["OLD"])["status"] == "compliant"
    assert others(profiles)["actual"] == ["Old (SSL-VPN, 130.34.226.190)"]


def test_an_entry_that_is_none_hides_no_other_and_alone_is_an_error():
    assert others({"IMR": OURS, "strange": 7})["status"] == "error"
    found = others({"IMR": OURS, "strange": 7, "Old": {"Server": "10.0.0.1"}})
    assert found["status"] == "drifted"
    assert "Old (SSL-VPN, 10.0.0.1)" in found["reason"]
    assert "Profiles/strange is no dictionary" in found["reason"]


COMPLETE = OURS | {"EnableCustomPort": 1, "SSOEnabled": 0, "PromptForCertificate": 0, "SaveUsername": 0}
COMPLETE |= {"WarnInvalidServerCertificate": 1}
FILTER = {
    "common_name": {"match": "wildcard", "pattern": "*.example.org"},
    "issuer": {"match": "simple", "pattern": "CA"},
}


def written(there: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return what the role would write into the connection, by the key's name."""
    given = {"vpn_profile_connections": [{**CONNECTIONS[0], **fields}]}
    items = planned("vpn_profile", a_mac(IMR=there), **given).writes.as_dict()["plist"]
    return {change["key"][-1]: change["value"] for item in items for change in item["values"]}


@pytest.mark.parametrize(
    ("there", "fields", "expected"),
    [
        (COMPLETE, {}, {}),
        (COMPLETE, {"prompt_user_name": False}, {"SaveUsername": 1}),
        (COMPLETE | {"SaveUsername": 1}, {}, {"SaveUsername": 0}),
        (COMPLETE | {"WarnInvalidServerCertificate": 0}, {}, {"WarnInvalidServerCertificate": 1}),
        (COMPLETE, {"authentication": "saml"}, {"SSOEnabled": 1, "UseExternalBrowser": 0}),
        (COMPLETE, {"authentication": "saml", "external_browser": True}, {"SSOEnabled": 1, "UseExternalBrowser": 1}),
        (COMPLETE, {"authentication": "certificate"}, {"PromptForCertificate": 1}),
        (
            COMPLETE | {"PromptForCertificate": 1, "CertCNPattern": "*.example.org"},
            {"authentication": "certificate", "certificate_filter": FILTER},
            {"CertCNMatchType": "wildcard", "CertIssuerMatchType": "simple", "CertIssuerPattern": "CA"},
        ),
        (
            COMPLETE | {"PromptForCertificate": 1},
            {"authentication": "certificate", "certificate_filter": {"issuer": FILTER["issuer"]}},
            {"CertIssuerMatchType": "simple", "CertIssuerPattern": "CA"},
        ),
    ],
)
def test_a_connection_is_written_as_its_users_log_on(there: Any, fields: Any, expected: Any):
    assert written(there, **fields) == expected
    # Numbers stay numbers: to the client true is something else.
    assert [type(value) for value in written(there, **fields).values()] == [type(value) for value in expected.values()]


@pytest.mark.parametrize(
    ("wish", "there", "expected"),
    [
        (None, 1, None),
        (None, 0, None),
        (False, 1, None),
        (False, 0, 1),
        (False, None, 1),
        (True, 1, 0),
        (True, 0, None),
    ],
)
def test_whether_users_may_make_connections_is_set_where_somebody_says_so(wish: Any, there: Any, expected: Any):
    document = a_mac(IMR=COMPLETE)
    if there is not None:
        document["plists"][PLIST]["data"]["DisallowPersonalVPN"] = there
    given = {} if wish is None else {"vpn_profile_personal_connections": wish}
    items = planned("vpn_profile", document, vpn_profile_connections=CONNECTIONS, **given).writes.as_dict()["plist"]
    assert [change["value"] for item in items for change in item["values"]] == ([] if expected is None else [expected])


def test_no_run_writes_or_removes_anybody_s_connection():
    profiles = {"IMR": COMPLETE, "Old": {"Server": "10.0.0.1"}}
    result = planned("vpn_profile", a_mac(**profiles), vpn_profile_connections=CONNECTIONS)
    assert not result.as_dict()["has_writes"]
