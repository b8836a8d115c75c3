r"""A service's configuration as the service manager keeps it in the registry, and its running side.

Source of the value names and of the layout of FailureActions: the documented form of
HKLM\SYSTEM\CurrentControlSet\\Services and ansible.windows' SCManager, which reads the same through the service API.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from lab.windows.machine import SERVICES, service_manager
from lab.windows.machine.registry import Value

if TYPE_CHECKING:
    from lab.windows.machine import Machine

TYPES = {
    1: "kernel_driver",
    2: "file_system_driver",
    4: "adapter",
    8: "recognizer_driver",
    16: "win32_own_process",
    32: "win32_share_process",
    80: "user_own_process",
    96: "user_share_process",
    512: "pkg_service",
}
_INTERACTIVE = 0x100
_USER_INSTANCE = 0x80
_START = {0: "boot", 1: "system", 2: "auto", 3: "manual", 4: "disabled"}
_ERROR_CONTROL = {0: "ignore", 1: "normal", 2: "severe", 3: "critical"}
_SID_INFO = {0: "none", 1: "unrestricted", 3: "restricted"}
_ACTIONS = ("none", "restart", "reboot", "run_command")
# Services that accept pause and continue while they run.
_PAUSABLE = ("lanmanserver", "lanmanworkstation", "netlogon", "winmgmt")
_STATES = {"Running": "started", "Stopped": "stopped", "Paused": "paused"}

# Settings that are one plain text, number or list in the registry: option -> (value name, type, data when missing).
_PLAIN: dict[str, tuple[str, str, Any]] = {
    "dependencies": ("DependOnService", "REG_MULTI_SZ", []),
    "description": ("Description", "REG_SZ", None),
    "display_name": ("DisplayName", "REG_SZ", None),
    "failure_command": ("FailureCommand", "REG_SZ", None),
    "failure_reboot_msg": ("RebootMessage", "REG_SZ", None),
    "load_order_group": ("Group", "REG_SZ", ""),
    "path": ("ImagePath", "REG_EXPAND_SZ", ""),
    "pre_shutdown_timeout_ms": ("PreshutdownTimeout", "REG_DWORD", 180_000),
    "required_privileges": ("RequiredPrivileges", "REG_MULTI_SZ", []),
}
_ENUMS = {"error_control": ("ErrorControl", _ERROR_CONTROL, 1), "sid_info": ("ServiceSidType", _SID_INFO, 0)}


class ServiceConfig:
    """Reads and writes the settings of one service of a machine, under the option names of win_service."""

    def __init__(self, machine: Machine, name: str) -> None:
        """Take the service's name as the service manager spells it."""
        self.machine = machine
        self.name = name
        self.key = f"{SERVICES}\\{name}"

    def __getitem__(self, option: str) -> Any:
        """Return a setting; KeyError for what is no setting."""
        if option in _ENUMS:
            name, texts, default = _ENUMS[option]
            return texts.get(self._data(name, default), texts[default])
        special = {
            "start_mode": self._start_mode,
            "service_type": lambda: TYPES.get(self.type_number & ~(_INTERACTIVE | _USER_INSTANCE)),
            "desktop_interact": lambda: bool(self.type_number & _INTERACTIVE),
            "failure_actions": lambda: self._failure()[1],
            "failure_reset_period_sec": lambda: self._failure()[0],
            "failure_actions_on_non_crash_failure": lambda: bool(self._data("FailureActionsOnNonCrashFailures", 0)),
            "username": self._account,
            "state": lambda: _STATES[self.machine.services[self.name].state],
            "display_name": lambda: self.machine.resource(str(self._data("DisplayName", self.name))),
            "path": lambda: self.machine.expand(str(self._data("ImagePath", ""))),
        }
        if option in special:
            return special[option]()
        name, _, default = _PLAIN[option]
        data = self._data(name, default)
        return self.machine.resource(data) if isinstance(data, str) else data

    def __setitem__(self, option: str, value: Any) -> None:
        """Write a setting as the service manager does; KeyError for one that can't be set here."""
        if option in _PLAIN:
            name, kind, _ = _PLAIN[option]
            if value is None:
                service_manager.write(self.machine, self.name, name, None)
            else:
                self._write(name, kind, value)
        elif option in _ENUMS:
            name, texts, _ = _ENUMS[option]
            self._write(name, "REG_DWORD", next(number for number, text in texts.items() if text == value))
        elif option == "failure_actions_on_non_crash_failure":
            self._write("FailureActionsOnNonCrashFailures", "REG_DWORD", int(value))
        elif option == "start_mode":
            self._write_start_mode(value)
        elif option == "username":
            self._write("ObjectName", "REG_SZ", value)
        else:
            raise KeyError(option)

    @property
    def type_number(self) -> int:
        """The Type value: one of TYPES, plus flags."""
        return int(self._data("Type", 16))

    @type_number.setter
    def type_number(self, number: int) -> None:
        self._write("Type", "REG_DWORD", number)

    @property
    def is_driver(self) -> bool:
        """Tell whether it is a kernel or file system driver, which has no account."""
        return bool(self.type_number & 3)

    @property
    def can_pause(self) -> bool:
        """Tell whether it accepts pause and continue now."""
        return self.name.lower() in _PAUSABLE and self["state"] != "stopped"

    def set_interactive(self, on: bool) -> None:
        """Set or clear the flag that lets a service talk to the desktop."""
        self.type_number = self.type_number | _INTERACTIVE if on else self.type_number & ~_INTERACTIVE

    def set_type(self, name: str) -> None:
        """Set the kind of service and keep its flags."""
        number = next(number for number, text in TYPES.items() if text == name)
        self.type_number = number | (self.type_number & (_INTERACTIVE | _USER_INSTANCE))

    def _data(self, name: str, default: Any) -> Any:
        return service_manager.configured(self.machine, self.name, name, default)

    def _write(self, name: str, kind: str, data: Any) -> None:
        service_manager.write(self.machine, self.name, name, Value(kind, data))

    def _start_mode(self) -> str:
        mode = _START.get(self._data("Start", 3), "manual")
        return "delayed" if mode == "auto" and self._data("DelayedAutostart", 0) else mode

    def _write_start_mode(self, mode: str) -> None:
        number = next(number for number, text in _START.items() if text == ("auto" if mode == "delayed" else mode))
        self._write("Start", "REG_DWORD", number)
        if mode == "delayed":
            self._write("DelayedAutostart", "REG_DWORD", 1)
        else:
            self.machine.registry.delete_value(self.key, "DelayedAutostart")

    def _account(self) -> str | None:
        name = self._data("ObjectName", None)
        return "NT AUTHORITY\\SYSTEM" if name == "LocalSystem" else name

    def _failure(self) -> tuple[int, list[dict[str, Any]]]:
        """FailureActions: reset period, two pointers, number of actions, pointer, then (type, delay in ms) pairs."""
        data = self._data("FailureActions", b"")
        if len(data) < 20:
            return 0, []
        period, _, _, count, _ = struct.unpack_from("<5I", data)
        pairs = struct.iter_unpack("<2I", data[20 : 20 + 8 * count])
        return period, [{"type": _ACTIONS[kind], "delay_ms": delay} for kind, delay in pairs]

    def set_failure(self, period: int | None, actions: list[dict[str, Any]] | None) -> None:
        """Set both, None for one that stays. Without actions there is no period. Raises ValueError."""
        before_period, before = self._failure()
        if actions is None and not before:
            raise ValueError("Cannot set FailureAction ResetPeriod without explicit Actions and no existing Actions")
        actions = before if actions is None else actions
        period = before_period if period is None else period
        if not actions:  # the service manager deletes both
            period = 0
        data = struct.pack("<5I", period, 0, 0, len(actions), 20)
        for action in actions:
            data += struct.pack("<2I", _ACTIONS.index(action["type"]), action["delay_ms"])
        self._write("FailureActions", "REG_BINARY", data)


def find_service(machine: Machine, name: str) -> ServiceConfig | None:
    """Find a service as Get-Service does: by name or display name, then also drivers, by name."""
    configs = [ServiceConfig(machine, each) for each in machine.services]
    plain = [each for each in configs if not each.is_driver]
    wanted = name.lower()
    for config in plain:
        if wanted in (config.name.lower(), str(config["display_name"]).lower()):
            return config
    return next((config for config in configs if config.name.lower() == wanted), None)
