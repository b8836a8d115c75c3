"""set_firewall_rule.ps1: remote addresses and state of one rule of the local firewall policy, found by rule name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.firewall import LOCAL_RULES, Rule, parse
from lab.windows.registry import Value
from lab.windows.scripts import ScriptResult, script_model

if TYPE_CHECKING:
    from lab.windows.machine import Machine

SHA256 = "b81b67a60e5fe3c496654a34de1b71d7c187e2fd6996fc1b4543a2b2669c3762"
# The cmdlets' names for address keywords (Set-NetFirewallRule) and the registry's (MS-GPFAS 2.2.2.13).
_KEYWORDS = {
    "Internet": "IntErnet",
    "Intranet": "IntrAnet",
    "IntranetRemoteAccess": "RmtIntrAnet",
    "PlayToDevice": "Ply2Renders",
}


@script_model("set_firewall_rule", SHA256)
def set_firewall_rule(machine: Machine, params: dict[str, Any], *, check_mode: bool, diff_mode: bool) -> ScriptResult:
    """Write what is told unless it is there, and read it back; in check mode, what is told counts as read back."""
    name = params["Rule"]
    text = machine.registry.data(LOCAL_RULES, name)
    if text is None:
        reason = "Check the name with Get-NetFirewallRule; this script makes none."
        return ScriptResult(error=f"The local firewall policy has no rule '{name}'. {reason}")
    rule = parse(text)
    before = _shown(name, rule)
    addresses, enabled = params.get("RemoteAddress"), params.get("Enabled")
    told = [addresses] if isinstance(addresses, str) else addresses
    after = before | ({} if told is None else {"remote_address": told})
    after |= {} if enabled is None else {"enabled": enabled}
    if _folded(before) != _folded(after) and not check_mode:
        try:
            _write(rule, told, enabled)
        except ValueError as error:
            return ScriptResult(error=f"The address is invalid: {error}")
        machine.registry.set(LOCAL_RULES, name, Value("REG_SZ", rule.render()))
        after = _shown(name, rule)
    return ScriptResult(changed=_folded(before) != _folded(after), diff={"before": before, "after": after})


def _write(rule: Rule, addresses: list[str] | None, enabled: bool | None) -> None:
    if addresses is not None:
        words = {name.lower(): registry for name, registry in _KEYWORDS.items()}
        rule.put_addresses("R", [words.get(address.lower(), address) for address in addresses])
    if enabled is not None:
        rule.put("Active", "TRUE" if enabled else "FALSE")


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
    return {"rule": name, "enabled": (rule.get("Active") or "").upper() == "TRUE", "remote_address": shown or ["Any"]}


def _folded(shown: dict[str, Any]) -> tuple[bool, set[str]]:
    return shown["enabled"], {address.lower() for address in shown["remote_address"]}
