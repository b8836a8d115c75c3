"""set_firewall_rule.ps1: addresses, profiles and state of one rule of the local firewall policy, found by rule name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls.scripts import ScriptResult, script_model
from lab.windows.machine.firewall import LOCAL_RULES, Rule, parse
from lab.windows.machine.registry import Value

if TYPE_CHECKING:
    from lab.windows.machine import Machine

SHA256 = "e4622ccdb745de0ac8b3dc5d85c5a6fb171a9f70395ac18d313811d5c3a99d74"
# The cmdlets' names for address keywords (Set-NetFirewallRule) and the registry's (MS-GPFAS 2.2.2.13).
_KEYWORDS = {
    "Internet": "IntErnet",
    "Intranet": "IntrAnet",
    "IntranetRemoteAccess": "RmtIntrAnet",
    "PlayToDevice": "Ply2Renders",
}


# How Windows says that mpssvc does not run; that the cmdlets give its words without more is a guess.
_NO_SERVICE = "There are no more endpoints available from the endpoint mapper."
# In the order in which the script tells them.
_PROFILES = ("Domain", "Private", "Public")


@script_model("set_firewall_rule", SHA256)
def set_firewall_rule(machine: Machine, params: dict[str, Any], *, check_mode: bool, diff_mode: bool) -> ScriptResult:
    """Write what is desired unless it is there, and read it back; in check mode, that counts as read back."""
    service = machine.service("mpssvc")
    if service is not None and service.state != "Running":
        return ScriptResult(error=_NO_SERVICE)
    name = params["Rule"]
    text = machine.registry.data(LOCAL_RULES, name)
    if text is None:
        reason = "Check the name with Get-NetFirewallRule; this script makes none."
        return ScriptResult(error=f"The local firewall policy has no rule '{name}'. {reason}")
    rule = parse(text)
    before = _shown(name, rule)
    desired = {"remote_address": _several(params, "RemoteAddress"), "enabled": params.get("Enabled")}
    profiles = _several(params, "ProfileName")
    if profiles is not None:
        desired["profiles"] = [name for name in _PROFILES if name.lower() in [given.lower() for given in profiles]]
    desired = {key: value for key, value in desired.items() if value is not None}
    after = before | desired
    if _folded(before) != _folded(after) and not check_mode:
        try:
            _write(rule, desired)
        except ValueError as error:
            return ScriptResult(error=f"The address is invalid: {error}")
        machine.registry.set(LOCAL_RULES, name, Value("REG_SZ", rule.render()))
        after = _shown(name, rule)
    return ScriptResult(changed=_folded(before) != _folded(after), diff={"before": before, "after": after})


def _several(params: dict[str, Any], name: str) -> list[str] | None:
    """PowerShell binds one text to a list of texts as a list with one entry."""
    value = params.get(name)
    return [value] if isinstance(value, str) else value


def _write(rule: Rule, desired: dict[str, Any]) -> None:
    if "remote_address" in desired:
        words = {name.lower(): registry for name, registry in _KEYWORDS.items()}
        rule.put_addresses("R", [words.get(address.lower(), address) for address in desired["remote_address"]])
    if "enabled" in desired:
        rule.put("Active", "TRUE" if desired["enabled"] else "FALSE")
    if "profiles" in desired:
        # All three are "Any", and that is a rule without profiles.
        rule.put("Profile", () if len(desired["profiles"]) == len(_PROFILES) else desired["profiles"])


def _shown(name: str, rule: Rule) -> dict[str, Any]:
    """Return the rule as the cmdlets show it; a keyword that holds for one family only carries its number."""
    words = {registry: name for name, registry in _KEYWORDS.items()}
    fields = {family: [*rule.all(f"RA{family}"), *rule.all(f"RA{family}2")] for family in ("4", "6")}
    shown = []
    for address in rule.addresses("R"):
        families = [family for family, values in fields.items() if address in values]
        is_keyword = address[0].isalpha() and ":" not in address
        suffix = families[0] if is_keyword and len(families) == 1 else ""
        shown.append(words.get(address, address) + suffix)
    named = [value.lower() for value in rule.all("Profile")]
    return {
        "rule": name,
        "enabled": (rule.get("Active") or "").upper() == "TRUE",
        "remote_address": shown or ["Any"],
        "profiles": [profile for profile in _PROFILES if not named or profile.lower() in named],
    }


def _folded(shown: dict[str, Any]) -> tuple[bool, set[str], set[str]]:
    return shown["enabled"], {address.lower() for address in shown["remote_address"]}, set(shown["profiles"])
