"""The kinds of place that tell when Windows falls asleep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .nodes import Located, Unreadable
from .place import Place

if TYPE_CHECKING:
    from .state import State

POWER = r"HKLM\SYSTEM\CurrentControlSet\Control\Power"
SCHEMES = rf"{POWER}\User\PowerSchemes"
SLEEP = "238c9fa8-0aad-41ed-83f4-97be242c8f20"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Power\PowerSettings"


class _Power(Place):
    """{power: WHAT}: after how many idle seconds on mains power the PC sleeps (sleep) or hibernates (hibernate).

    0 is never. Of the power plan that is active: what was set in it, else what Windows delivers it with; a policy wins
    (docs/sources/windows.md#power-plans).
    """

    kind = "power"
    # Windows takes it from powercfg alone.
    by_role = True
    settings: ClassVar[dict[str, str]] = {
        "sleep": "29f6c1db-86da-48c5-9fdb-f2b67b1f44da",
        "hibernate": "9d7815a6-7ee4-497e-8888-515a05f02364",
    }

    @classmethod
    def name_problem(cls, name: Any) -> str | None:
        return None if name in cls.settings else f"power is {name!r}; allowed: {', '.join(cls.settings)}"

    def locate(self, state: State) -> Located:
        setting = self.settings[self.name]
        plan = state.machine.value(POLICY, "ActivePowerScheme")
        plan = plan if plan.found else state.machine.value(SCHEMES, "ActivePowerScheme")
        if not isinstance(plan.value, str) or not plan.value:
            raise Unreadable(f"{plan.evidence}: which power plan is active is not there")
        delivered = rf"{POWER}\PowerSettings\{SLEEP}\{setting}\DefaultPowerSchemeValues\{plan.value}"
        for key in (rf"{POLICY}\{setting}", rf"{SCHEMES}\{plan.value}\{SLEEP}\{setting}", delivered):
            seconds = state.machine.value(key, "ACSettingIndex")
            if seconds.found:
                if seconds.type != "REG_DWORD":
                    raise Unreadable(f"{seconds.evidence} is no REG_DWORD, so what Windows makes of it is not known")
                return Located(True, seconds.value, evidence=seconds.evidence)
        raise Unreadable(f"the power plan {plan.value} says nothing of it, nor does Windows: {delivered}")
