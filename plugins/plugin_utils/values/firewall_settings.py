"""What the profiles of Windows Defender Firewall are set to, worked out from all who may set them.

The stores and which of them wins: MS-GPFAS 2.2.3, MS-FASP 2.2.38 and the Firewall CSP
(docs/sources/windows.md#firewall-profiles). Names of values and keys are Microsoft's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LOCAL, GROUP_POLICY, MDM, HARDENING = "local", "group_policy", "mdm", "hardening"
STORES = {
    LOCAL: "this machine's own rules",
    GROUP_POLICY: "Group Policy",
    MDM: "MDM (Intune and the like)",
    HARDENING: "Windows service hardening",
}
# Value, and what counts where nobody has set it.
DEFAULTS = {"EnableFirewall": 1, "DefaultInboundAction": 1, "DoNotAllowExceptions": 0, "AllowLocalPolicyMerge": 1}
# The Firewall CSP's own name for DoNotAllowExceptions; which of the two stands in its store is not documented.
_SHIELDED = "Shielded"
INTERFACES = "DisabledInterfaces"
VALUES = (*DEFAULTS, _SHIELDED, INTERFACES)
# The keys of a profile by store. StandardProfile is the Private profile where Windows itself keeps its settings.
KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    LOCAL: {"Domain": ("DomainProfile",), "Private": ("StandardProfile",), "Public": ("PublicProfile",)},
    MDM: {"Domain": ("DomainProfile",), "Private": ("StandardProfile", "PrivateProfile"), "Public": ("PublicProfile",)},
    GROUP_POLICY: {"Domain": ("DomainProfile",), "Private": ("PrivateProfile",), "Public": ("PublicProfile",)},
}
# In Group Policy it is both Private and Public, while neither of these has a key, and has these values only.
_STANDARD, _OF_STANDARD = "StandardProfile", ("EnableFirewall", "DoNotAllowExceptions")

Keys = Mapping[str, Mapping[str, Any]]


class FirewallSettingError(ValueError):
    """A setting that nobody can be sure of; the message names it and where it stands."""


@dataclass(frozen=True)
class Setting:
    """One setting of a profile: its value, whose it is, and where it stands; `store` is None for Windows' default."""

    value: int
    store: str | None = None
    place: str = ""

    @property
    def managed(self) -> bool:
        """Whether somebody stronger than this machine has set it."""
        return self.store in (GROUP_POLICY, MDM)


@dataclass(frozen=True)
class Profile:
    """The settings of one profile as they count."""

    name: str
    enabled: Setting
    inbound: Setting
    shielded: Setting
    merge: Setting
    interfaces: Setting | None = None


def profile(name: str, stores: Mapping[str, Keys]) -> Profile:
    """Return what counts in a profile; `stores` has each store's keys of profiles, with their values.

    Raises FirewallSettingError for a value that is no switch, and where Group Policy and MDM contradict each other.
    """
    found = {store: {value: _found(store, name, value, keys) for value in VALUES} for store, keys in stores.items()}
    strong = [found[store] for store in (GROUP_POLICY, MDM) if store in found]
    local = found.get(LOCAL, {})
    shielded = [
        setting for values in (*strong, local) for value in ("DoNotAllowExceptions", _SHIELDED)
        if (setting := values.get(value)) and setting.value
    ]  # fmt: skip
    interfaces = [setting for values in (*strong, local) if (setting := values.get(INTERFACES))]
    return Profile(
        name,
        enabled=_winner("EnableFirewall", strong, local),
        inbound=_winner("DefaultInboundAction", strong, local),
        shielded=shielded[0] if shielded else Setting(0),
        # The local store has no say in whether it counts.
        merge=_winner("AllowLocalPolicyMerge", strong, {}),
        interfaces=interfaces[0] if interfaces else None,
    )


def policy_keys(name: str, keys: Keys) -> tuple[str, ...]:
    """Return the keys in which Group Policy keeps a profile, of those that there are."""
    standard = name != "Domain" and not {"privateprofile", "publicprofile"} & {key.casefold() for key in keys}
    return (_STANDARD,) if standard else KEYS[GROUP_POLICY][name]


def _winner(value: str, strong: Iterable[Mapping[str, Setting | None]], local: Mapping[str, Setting | None]) -> Setting:
    above = [setting for values in strong if (setting := values.get(value))]
    if len({setting.value for setting in above}) > 1:
        places = " and ".join(f"{setting.place}={setting.value}" for setting in above)
        raise FirewallSettingError(f"{places} contradict each other; which of them counts is not known")
    return next(iter(above), None) or local.get(value) or Setting(DEFAULTS[value])


def _found(store: str, name: str, value: str, keys: Keys) -> Setting | None:
    folded = {key.casefold(): values for key, values in keys.items()}
    for key in policy_keys(name, keys) if store == GROUP_POLICY else KEYS[store][name]:
        if key == _STANDARD and store == GROUP_POLICY and value not in _OF_STANDARD:
            return None
        values = {one.casefold(): data for one, data in folded.get(key.casefold(), {}).items()}
        data = values.get(value.casefold())
        if data is None:
            continue
        place = f"{STORES[store] if store != LOCAL else 'local settings'}: {key}\\{value}"
        if value == INTERFACES:
            return Setting(1, store, place) if data else None
        if isinstance(data, bool) or data not in (0, 1):
            raise FirewallSettingError(f"{place} is {data!r}; it must be the number 0 or 1")
        return Setting(data, store, place)
    return None
