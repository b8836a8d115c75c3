"""ansible.windows.win_service: settings, state, creation and removal of a service.

Without anything to set, it only reports. It opens a service for changing even then. Starting also starts what the
service needs; stopping is refused while something that needs it is running, unless forced. (ansible.windows)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity
from lab.windows.calls.models import ModuleCrash, ModuleFailure, Rules, model
from lab.windows.machine.parts import Service
from lab.windows.machine.service_manager import ServiceError, may_set_up, need_disable
from lab.windows.machine.services import ServiceConfig, find_service

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine

_SYSTEM = "S-1-5-18"

# In the order in which the module applies them.
_SETTINGS = (
    *("dependencies", "description", "display_name", "error_control", "failure_actions_on_non_crash_failure"),
    *("failure_actions", "failure_command", "failure_reboot_msg", "failure_reset_period_sec", "load_order_group"),
    *("path", "pre_shutdown_timeout_ms", "required_privileges", "sid_info", "start_mode"),
)
# For these an empty text means "leave it"; for the others it clears the value.
_EMPTY_LEAVES = ("display_name", "error_control", "path", "sid_info", "start_mode")
# Lists whose order does not count.
_SETS = ("dependencies", "required_privileges")
_RETURNED = ("dependencies", "description", "desktop_interact", "display_name", "name", "path", "start_mode")
# What makes the module look for changes although the service does not exist.
_ASKS_FOR_CHANGE = (*_SETTINGS, "service_type", "state", "username", "password")


@model("ansible.windows.win_service", Rules(required_by={"password": ("username",)}, no_log=frozenset({"password"})))
def win_service(machine: Machine, call: Call) -> dict[str, Any]:
    """Set up, start, stop or remove one service, found by name or display name."""
    args = call.args
    config = find_service(machine, args["name"])
    admin = identity.is_admin(machine, call)
    if config and not (admin and may_set_up(config.name)):
        reason = f"Failed to open service '{config.name}' (Access is denied, Win32ErrorCode 5 - 0x00000005)"
        raise ModuleCrash(f'Exception calling ".ctor" with "2" argument(s): "{reason}"')
    if args.get("path"):
        args["path"] = identity.expand(machine, call, args["path"])
    run = _Run(machine, args, call.check_mode, config, admin)
    before = _diff_of(config) if config else ""
    result: dict[str, Any] = {"exists": False}
    after: Any = before
    if args.get("state") == "absent":
        run.remove()
        after = ""
    elif config or _wants_change(args):
        after = run.apply()
    if after:
        result |= _returned(machine, after, run.config)
    return result | {"changed": run.changed, "diff": {"before": before, "after": after}}


def _wants_change(args: dict[str, Any]) -> bool:
    asked = any(args.get(option) is not None for option in _ASKS_FOR_CHANGE)
    return asked or args.get("dependency_action") != "set" or bool(args.get("desktop_interact"))


def _diff_of(config: ServiceConfig) -> dict[str, Any]:
    shown = {option: config[option] for option in (*_SETTINGS, "desktop_interact", "service_type", "state")}
    shown["name"] = config.name
    if not config.is_driver:
        shown |= {"username": config["username"], "password": "REDACTED"}
    return shown


def _returned(machine: Machine, after: dict[str, Any], config: ServiceConfig | None) -> dict[str, Any]:
    state = (after.get("state") or "").replace("_", "")
    username = after.get("username")
    return {option: after.get(option) for option in _RETURNED} | {
        "exists": True,
        "state": "running" if state in ("restarted", "started") else state,
        "username": "LocalSystem" if username and machine.sid_of(username) == _SYSTEM else username,
        "can_pause_and_continue": config.can_pause if config else None,
        "depended_by": machine.dependents(config.name) if config else [],
    }


class _Run:
    """One run of the module on one service, which may not exist."""

    def __init__(
        self, machine: Machine, args: dict[str, Any], check: bool, config: ServiceConfig | None, admin: bool
    ) -> None:
        self.machine = machine
        self.args = args
        self.check = check
        self.config = config
        self.admin = admin
        self.changed = False
        self.password_too = args.get("update_password") == "always"
        self.failures: dict[str, Any] = {}  # what is to be set of failure actions and reset period

    def remove(self) -> None:
        if self.config is None:
            return
        self.changed = True
        if not self.check:
            self._stop()
            self.machine.registry.delete_key(self.config.key)
            del self.machine.services[self.config.name]

    def apply(self) -> dict[str, Any]:
        """Apply every setting and the state; return the diff's `after`."""
        if self.config is None:
            self._create()
        after: dict[str, Any] = {"name": self.config.name if self.config else self.args["name"]}
        if self.config and not self.config.is_driver:
            self._account(self.config, after)
        for option in _SETTINGS:
            after[option] = self._setting(option)
        self._failures()
        self._type(after)
        after["state"] = self._state()
        return after

    def _create(self) -> None:
        name, path = self.args["name"], self.args.get("path")
        if path is None:
            raise ModuleFailure(f"Service '{name}' is not installed, need to set 'path' to create a new service")
        self.changed = self.password_too = True
        if self.check:
            return
        reason = "" if self.admin else "Access is denied"
        if set(name) & set("/\\"):
            reason = "The filename, directory name, or volume label syntax is incorrect"
        if reason:
            raise ModuleCrash(f"Service '{name} ({name})' cannot be created due to the following error: {reason}")
        self.machine.services[name] = Service(name)
        self.config = ServiceConfig(self.machine, name)
        # What New-Service leaves behind.
        self.config.type_number = 16
        self.config["start_mode"] = "auto"
        self.config["error_control"] = "normal"
        self.config["path"] = path
        self.config["display_name"] = name
        self.config["username"] = "LocalSystem"

    def _setting(self, option: str) -> Any:
        """Compare and set one setting; return what the diff shows for it."""
        wanted = self.args.get(option)
        if option == "failure_actions" and wanted is not None:
            wanted = [{"type": action["type"], "delay_ms": action.get("delay_ms", 0)} for action in wanted]
        if self.config is None:
            return wanted if wanted is not None or option not in _EMPTY_LEAVES else ""
        current: Any = self.config[option]
        if wanted is None or (wanted == "" and option in _EMPTY_LEAVES):
            return current
        if option == "dependencies":
            wanted = self._dependencies(current, wanted)
        shown = wanted
        if wanted == "":
            wanted = None if option != "load_order_group" else ""
        differs = set(current or ()) != set(wanted or ()) if option in _SETS else current != wanted
        if option == "start_mode" and differs and wanted == "disabled":
            need_disable(self.config.name)
        if differs:
            self.changed = True
            if option in ("failure_actions", "failure_reset_period_sec"):
                self.failures[option] = wanted
            elif not self.check:
                self.config[option] = wanted
        return shown

    def _failures(self) -> None:
        """Actions and period are set in one."""
        if self.config is None or self.check or not self.failures:
            return
        try:
            self.config.set_failure(self.failures.get("failure_reset_period_sec"), self.failures.get("failure_actions"))
        except ValueError as error:
            raise ModuleCrash(f'Exception setting "FailureActions": "{error}"') from None

    def _dependencies(self, current: list[str], wanted: list[str]) -> list[str]:
        match self.args.get("dependency_action"):
            case "add":
                return [*current, *(name for name in wanted if name not in current)]
            case "remove":
                return [name for name in current if name not in wanted]
        return [*(name for name in current if name in wanted), *(name for name in wanted if name not in current)]

    def _account(self, config: ServiceConfig, after: dict[str, Any]) -> None:
        after |= {"username": config["username"], "password": "REDACTED"}
        username, change_password = self.args.get("username"), self.password_too
        if username:
            sid = self.machine.sid_of(username)
            if sid is None:
                raise ModuleCrash(
                    'Exception calling "Translate" with "1" argument(s): '
                    '"Some or all identity references could not be translated."'
                )
            after["username"] = self.machine.name_of(sid) or username
            if sid != self.machine.sid_of(config["username"] or ""):
                self.changed = change_password = True
                if not self.check:
                    config["username"] = "LocalSystem" if sid == _SYSTEM else after["username"]
                    if sid != _SYSTEM:
                        config.set_interactive(False)
        if change_password and self.args.get("password"):
            after["password"] = "CHANGED REDACTED"
            self.changed = True

    def _type(self, after: dict[str, Any]) -> None:
        kind, interact = self.args.get("service_type"), bool(self.args.get("desktop_interact"))
        after |= {"desktop_interact": interact, "service_type": kind or ""}
        if self.config is None:
            return
        after["service_type"] = kind or self.config["service_type"]
        account = self.args.get("username") or self.config["username"] or ""
        if interact and self.machine.sid_of(account) != _SYSTEM:
            raise ModuleFailure("Can only set 'desktop_interact' to true when 'username' equals 'SYSTEM'")
        if interact != self.config["desktop_interact"] or after["service_type"] != self.config["service_type"]:
            self.changed = True
            if not self.check:
                self.config.set_type(after["service_type"])
                self.config.set_interactive(interact)

    def _state(self) -> str:
        wanted = self.args.get("state") or ""
        if self.config is None:
            return wanted
        current = self.config["state"]
        if not wanted or wanted == current:
            return str(wanted or current)
        if wanted == "paused" and not self.config.can_pause:
            name = self.config.name
            raise ModuleFailure(f"failed to pause service {name}: The service does not support pausing")
        self.changed = True
        if not self.check:
            {"started": self._start, "stopped": self._stop, "restarted": self._restart, "paused": self._pause}[wanted]()
        return str(wanted)

    def _label(self) -> str:
        """Name a service as the *-Service cmdlets do in their errors."""
        return f"{self.config['display_name']} ({self.config.name})" if self.config else ""

    def _start(self) -> None:
        assert self.config
        try:
            self.machine.start_service(self.config.name)
        except ServiceError as error:
            msg = (
                f"Service '{self._label()}' cannot be started due to the following error: "
                f"Cannot start service {self.config.name} on computer '.'."
            )
            raise ModuleCrash(msg) from error

    def _stop(self) -> None:
        assert self.config
        needed_by = [name for name in self.machine.dependents(self.config.name) if self._runs(name)]
        if needed_by and not self.args.get("force_dependent_services"):
            raise ModuleCrash(
                f"Cannot stop service '{self._label()}' because it has dependent services. "
                "It can only be stopped if the Force flag is set."
            )
        try:
            self.machine.stop_service(self.config.name)
        except ServiceError as error:
            what = f"{'open' if error.code == 5 else 'stop'} {error.service} service on computer '.'."
            raise ModuleCrash(
                f"Service '{self._label()}' cannot be stopped due to the following error: Cannot {what}"
            ) from error

    def _restart(self) -> None:
        assert self.config
        running = [name for name in self.machine.dependents(self.config.name) if self._runs(name)]
        self._stop()
        self._start()
        for name in reversed(running):
            self.machine.start_service(name)

    def _pause(self) -> None:
        assert self.config
        self.machine.services[self.config.name].state = "Paused"

    def _runs(self, name: str) -> bool:
        return self.machine.services[name].state != "Stopped"
