"""What the profiles are set to, worked out from the stores that may set them."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.values.firewall_settings import (
    GROUP_POLICY,
    LOCAL,
    MDM,
    FirewallSettingError,
    Setting,
    profile,
)


def switches(name: str, **stores):
    found = profile(name, stores)
    return found.enabled.value, found.inbound.value, found.shielded.value, found.merge.value


def test_without_any_setting_the_firewall_is_on_and_lets_nobody_in_that_no_rule_names():
    for name in ("Domain", "Private", "Public"):
        assert switches(name) == (1, 1, 0, 1)


def test_private_is_windows_own_standard_profile():
    local = {"StandardProfile": {"EnableFirewall": 0}, "PrivateProfile": {"DefaultInboundAction": 0}}
    assert switches("Private", **{LOCAL: local}) == (0, 1, 0, 1)
    assert switches("Public", **{LOCAL: local}) == (1, 1, 0, 1)


@pytest.mark.parametrize("stronger", [GROUP_POLICY, MDM])
def test_policy_wins_over_what_this_machine_says(stronger):
    key = {GROUP_POLICY: "PrivateProfile", MDM: "StandardProfile"}[stronger]
    found = profile(
        "Private",
        {
            LOCAL: {"StandardProfile": {"EnableFirewall": 0, "DefaultInboundAction": 0}},
            stronger: {key: {"EnableFirewall": 1, "DefaultInboundAction": 1}},
        },
    )
    assert (found.enabled.value, found.enabled.store) == (1, stronger)
    assert (found.inbound.value, found.inbound.managed) == (1, True)


def test_no_exceptions_wins_wherever_it_stands():
    policy = {"DomainProfile": {"DoNotAllowExceptions": 0}}
    found = profile("Domain", {LOCAL: {"DomainProfile": {"DoNotAllowExceptions": 1}}, GROUP_POLICY: policy})
    assert (found.shielded.value, found.shielded.place) == (1, r"local settings: DomainProfile\DoNotAllowExceptions")
    assert profile("Domain", {MDM: {"DomainProfile": {"Shielded": 1}}}).shielded.place == (
        r"MDM (Intune and the like): DomainProfile\Shielded"
    )


def test_only_policy_says_whether_rules_of_this_machine_count():
    assert switches("Public", **{LOCAL: {"PublicProfile": {"AllowLocalPolicyMerge": 0}}}) == (1, 1, 0, 1)
    assert switches("Public", **{MDM: {"PublicProfile": {"AllowLocalPolicyMerge": 0}}}) == (1, 1, 0, 0)


def test_group_policy_s_standard_profile_is_private_and_public_while_these_have_no_key():
    policy = {"StandardProfile": {"EnableFirewall": 0, "DefaultInboundAction": 0}}
    assert switches("Private", **{GROUP_POLICY: policy}) == (0, 1, 0, 1)
    assert switches("Public", **{GROUP_POLICY: policy}) == (0, 1, 0, 1)
    assert switches("Domain", **{GROUP_POLICY: policy}) == (1, 1, 0, 1)
    assert switches("Private", **{GROUP_POLICY: {**policy, "PublicProfile": {}}}) == (1, 1, 0, 1)


def test_mdm_keeps_private_under_either_of_two_names():
    assert switches("Private", **{MDM: {"PrivateProfile": {"EnableFirewall": 0}}}) == (0, 1, 0, 1)
    both = {"StandardProfile": {"EnableFirewall": 0}, "PrivateProfile": {"EnableFirewall": 1, "Shielded": 1}}
    assert switches("Private", **{MDM: both}) == (0, 1, 1, 1)


def test_interfaces_without_firewall_are_seen():
    found = profile("Public", {LOCAL: {"PublicProfile": {"DisabledInterfaces": "{1}"}}})
    assert found.name == "Public"
    assert found.interfaces == Setting(1, LOCAL, r"local settings: PublicProfile\DisabledInterfaces")
    assert profile("Public", {LOCAL: {"PublicProfile": {"DisabledInterfaces": ""}}}).interfaces is None


def test_names_are_read_whatever_their_case():
    assert switches("Domain", **{LOCAL: {"domainPROFILE": {"ENABLEfirewall": 0}}}) == (0, 1, 0, 1)


@pytest.mark.parametrize(
    ("value", "shown"), [("0", "'0'"), (2, "2"), (True, "True"), (b"x", "b'x'")], ids=["text", "2", "True", "bytes"]
)
def test_what_is_no_switch_is_an_error(value, shown):
    with pytest.raises(FirewallSettingError) as error:
        profile("Domain", {LOCAL: {"DomainProfile": {"EnableFirewall": value}}})
    assert str(error.value) == (
        rf"local settings: DomainProfile\EnableFirewall is {shown}; it must be the number 0 or 1"
    )


def test_policies_that_contradict_each_other_are_an_error():
    stores = {GROUP_POLICY: {"DomainProfile": {"EnableFirewall": 1}}, MDM: {"DomainProfile": {"EnableFirewall": 0}}}
    with pytest.raises(FirewallSettingError) as error:
        profile("Domain", stores)
    assert str(error.value) == (
        r"Group Policy: DomainProfile\EnableFirewall=1 and "
        r"MDM (Intune and the like): DomainProfile\EnableFirewall=0 contradict each other; "
        "which of them counts is not known"
    )
