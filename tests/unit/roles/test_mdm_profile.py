"""The configuration profile for an MDM, held against the keys that Apple publishes.

Source: docs/sources/macos.md#configuration-profiles.
"""

from __future__ import annotations

import plistlib
import uuid
from typing import Any

import pytest

from plugins.filter.mac_tools import to_plist
from tests.samples.mac_roles import templated, variables_of

COMMON = {
    **{"PayloadType": str, "PayloadVersion": int, "PayloadIdentifier": str, "PayloadUUID": str},
    **{"PayloadDisplayName": str, "PayloadDescription": str, "PayloadOrganization": str},
}
# Payload -> its own keys and their types, as far as anybody may use them here.
PUBLISHED: dict[str, dict[str, type]] = {
    "Configuration": {"PayloadContent": list, "PayloadScope": str, "PayloadRemovalDisallowed": bool},
    "com.apple.system-extension-policy": {
        "AllowedSystemExtensions": dict,
        "AllowedTeamIdentifiers": list,
        "AllowedSystemExtensionTypes": dict,
        "RemovableSystemExtensions": dict,
        "AllowUserOverrides": bool,
    },
    "com.apple.vpn.managed": {
        "VPNType": str,
        "VPNSubType": str,
        "UserDefinedName": str,
        "VendorConfig": dict,
        "VPN": dict,
        "IPv4": dict,
        "Proxies": dict,
        "DNS": dict,
    },
    "com.apple.TCC.configuration-profile-policy": {"Services": dict},
}
VPN = {
    "AuthenticationMethod": ("Password", "Certificate", "Password+Certificate"),
    "ProviderType": ("packet-tunnel", "app-proxy"),
    "ProviderBundleIdentifier": (),
    "ProviderDesignatedRequirement": (),
    "RemoteAddress": (),
}
# Only from an MDM that a user approved; a profile that is opened by hand is refused.
MDM_ONLY = {"com.apple.system-extension-policy", "com.apple.TCC.configuration-profile-policy"}
TEAM = "AH4XFXJ7DK"
ORGANISATION = {"mdm_profile_organization": "Example Institute", "mdm_profile_identifier": "org.example"}


def profile(**overrides: Any) -> tuple[dict[str, Any], str]:
    variables = variables_of("mdm_profile", "defaults/main.yml", "vars/main.yml") | ORGANISATION | overrides
    text = to_plist(templated(variables, "__mdm_profile_document"))
    return plistlib.loads(text.encode()), text


def payloads(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["PayloadType"]: item for item in found["PayloadContent"]}


@pytest.mark.parametrize("kind", list(PUBLISHED))
def test_every_key_is_a_published_one_of_its_type(kind):
    found, _text = profile()
    item = {"Configuration": found, **payloads(found)}[kind]
    allowed = COMMON | PUBLISHED[kind]
    assert set(item) <= set(allowed)
    assert {key: type(value) for key, value in item.items()} == {key: allowed[key] for key in item}
    assert set(COMMON) - set(item) <= {"PayloadDescription", "PayloadOrganization"}


def test_it_holds_the_three_payloads_of_which_two_may_not_be_installed_by_hand():
    found, _text = profile()
    assert set(payloads(found)) == MDM_ONLY | {"com.apple.vpn.managed"}
    assert found["PayloadScope"] == "System"


def test_the_network_extension_is_allowed_by_team_and_name():
    policy = payloads(profile()[0])["com.apple.system-extension-policy"]
    assert policy["AllowedSystemExtensions"] == {TEAM: ["com.fortinet.forticlient.macos.vpn.nwextension"]}
    # Apple refuses a team that stands in both.
    assert "AllowedTeamIdentifiers" not in policy


def test_the_vpn_is_allowed_for_the_client_s_provider():
    vpn = payloads(profile()[0])["com.apple.vpn.managed"]
    assert (vpn["VPNType"], vpn["VPNSubType"]) == ("VPN", "com.fortinet.forticlient.macos.vpn")
    assert set(vpn["VPN"]) == set(VPN)
    for key, values in VPN.items():
        assert not values or vpn["VPN"][key] in values
    assert vpn["VPN"]["ProviderBundleIdentifier"] == "com.fortinet.forticlient.macos.vpn"
    assert f'certificate leaf[subject.OU] = "{TEAM}"' in vpn["VPN"]["ProviderDesignatedRequirement"]


def test_full_disk_access_is_given_to_the_two_that_need_it_and_nothing_else_is():
    services = payloads(profile()[0])["com.apple.TCC.configuration-profile-policy"]["Services"]
    assert set(services) == {"SystemPolicyAllFiles"}
    assert [(item["Identifier"], item["IdentifierType"]) for item in services["SystemPolicyAllFiles"]] == [
        ("/Library/Application Support/Fortinet/FortiClient/bin/fctservctl2", "path"),
        ("com.fortinet.FortiClient", "bundleID"),
    ]
    for item in services["SystemPolicyAllFiles"]:
        assert set(item) == {"Identifier", "IdentifierType", "CodeRequirement", "Allowed"}
        assert item["Allowed"] is True
        assert TEAM in item["CodeRequirement"]
        assert "\n" not in item["CodeRequirement"]


def test_the_same_values_give_the_same_file_and_another_organisation_other_uuids():
    first, text = profile()
    assert text == profile()[1]
    other = profile(mdm_profile_organization="Another")[0]
    ours, theirs = (
        [found["PayloadUUID"], *(i["PayloadUUID"] for i in found["PayloadContent"])] for found in (first, other)
    )
    assert len({*ours, *theirs}) == 8
    assert {uuid.UUID(name).version for name in ours} == {5}
    assert {i["PayloadIdentifier"] for i in first["PayloadContent"]} == {
        "org.example.forticlient.system-extension",
        "org.example.forticlient.vpn",
        "org.example.forticlient.full-disk-access",
    }
