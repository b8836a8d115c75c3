"""One virtual Windows machine: registry, disks, accounts, services, sessions, network, restore points, reboots.

Whatever Windows keeps in the registry lives only there; the rest is here. Nothing volatile is in it (no clock, no
counter), so that the same state is the same bytes when saved, and a caller can prove that nothing was changed.
"""

from __future__ import annotations

import copy
import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lab.windows.machine import environment, service_manager
from lab.windows.machine.accounts import SYSTEM, Accounts, Group, User
from lab.windows.machine.filesystem import FileSystem
from lab.windows.machine.parts import Adapter, MachineError, RestorePoint, Service
from lab.windows.machine.registry import Registry, Value
from lab.windows.machine.resources import resolve
from lab.windows.machine.service_manager import SERVICES, START_MODES

__all__ = ["SERVICES", "START_MODES", "Machine"]

CURRENT_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
PROFILE_LIST = CURRENT_VERSION + r"\ProfileList"
COMPUTER_NAME = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName"
TERMINAL_SERVER = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server"
SESSION_MANAGER = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
NLS_LANGUAGE = r"HKLM\SYSTEM\CurrentControlSet\Control\Nls\Language"
DEFAULT_HIVE = r"C:\Users\Default\NTUSER.DAT"
LANGUAGES = {"0409": "en-US", "0411": "ja-JP"}


class Machine:
    """See the module.

    `users`, `groups` come from `accounts`; `sessions` holds the SIDs that are logged on interactively.
    """

    def __init__(self, name: str, machine_sid: str = "S-1-5-21-1000000001-1000000002-1000000003") -> None:
        """Make a bare machine; `seed.build_windows` makes a real-looking one."""
        self.name = name  # the inventory's name; Windows' own is `computer_name`
        self.registry = Registry()
        self.files = FileSystem()
        self.accounts = Accounts(machine_sid)
        self.services: dict[str, Service] = {}
        self.held: dict[str, dict[str, Value | None]] = {}  # what the service manager remembers, see service_manager.py
        self.sessions: set[str] = set()
        self.processes: set[int] = set()  # other people's, by id
        self.hives_taken: set[str] = set()  # hive files that somebody unloads as soon as they are loaded
        self.adapters: list[Adapter] = []
        self.restore_points: list[RestorePoint] = []
        self.vpn_connections: dict[str, dict[str, dict[str, Any]]] = {}  # SID -> name -> as Get-VpnConnection shows it
        self.volatile_keys: set[str] = set()  # registry keys that Windows forgets at the next boot
        self.domain: str | None = None
        self.last_boot = 1_760_000_000
        self.boot_count = 1
        self.reboot_requested = False
        self.hardware: dict[
            str, Any
        ] = {}  # CIM facts that are in no registry: manufacturer, model, serial, memory_bytes, processors, uuid
        self.rename(name)
        self._wire()

    def rename(self, name: str) -> None:
        """Give the machine another name at once, as before it ever ran; Windows' own is cut to 15 letters."""
        self.name = name
        for part in ("ActiveComputerName", "ComputerName"):
            self.registry.set(f"{COMPUTER_NAME}\\{part}", "ComputerName", Value("REG_SZ", name.upper()[:15]))

    def _wire(self) -> None:
        self.registry.file_present = self.files.is_file

    # what the registry says of the machine

    @property
    def computer_name(self) -> str:
        """The NetBIOS name now in use; a rename shows here after the reboot."""
        return str(self.registry.data(COMPUTER_NAME + r"\ActiveComputerName", "ComputerName", ""))

    @property
    def build(self) -> int:
        """19045, 22631, 26100 ..."""
        return int(self.registry.data(CURRENT_VERSION, "CurrentBuild", "0"))

    @property
    def edition_id(self) -> str:
        """Professional, Core (Home) ..."""
        return str(self.registry.data(CURRENT_VERSION, "EditionID", ""))

    @property
    def ui_culture(self) -> str:
        """Language of the user interface: en-US or ja-JP."""
        return LANGUAGES.get(self.registry.data(NLS_LANGUAGE, "InstallLanguage", "0409"), "en-US")

    @property
    def part_of_domain(self) -> bool:
        """Tell whether the machine is joined to an Active Directory domain."""
        return self.domain is not None

    def resource(self, indirect: str) -> str:
        """Return the text of an indirect string (@FirewallAPI.dll,-28511) in this machine's language; others as is."""
        return resolve(indirect, self.ui_culture)

    # accounts

    @property
    def users(self) -> dict[str, User]:
        """Local users by SID."""
        return self.accounts.users

    @property
    def groups(self) -> dict[str, Group]:
        """Local groups by SID."""
        return self.accounts.groups

    def sid_of(self, account: str) -> str | None:
        r"""Return the SID of an account name in any of Windows' spellings (see `Accounts.sid_of`), or None."""
        return self.accounts.sid_of(account, self.computer_name)

    def name_of(self, sid: str) -> str | None:
        r"""Return AUTHORITY\name, or None for a SID that resolves to nothing."""
        return self.accounts.name_of(sid, self.computer_name)

    def is_admin(self, account: str) -> bool:
        """Tell whether an account (name or SID) has administrator rights."""
        sid = self.sid_of(account)
        return sid is not None and self.accounts.is_admin(sid)

    def hkcu(self, account: str) -> str:
        r"""Return HKU\<SID> for an account (name or SID). Raises MachineError 1332 for an unknown one."""
        sid = self.sid_of(account)
        if sid is None:
            raise MachineError(1332, f"account {account!r} is unknown on {self.computer_name}")
        return f"HKU\\{sid}"

    def environment(self, account: str | None = None) -> dict[str, str]:
        """Return the environment variables that matter for paths, for an account or for the machine alone."""
        sid = self.sid_of(account) if account else None
        home = self.profiles().get(sid) if sid and sid != SYSTEM else None
        name = (self.name_of(sid) or "").rpartition("\\")[2] if sid else ""
        return environment.variables(self.computer_name, name, home)

    def expand(self, text: str, account: str | None = None) -> str:
        """Replace %NAME% by the environment variable, without regard to case; unknown ones stay."""
        return environment.expand(text, self.environment(account))

    # profiles and sessions

    def profiles(self) -> dict[str, str]:
        """Return SID to profile directory for all entries of ProfileList (service accounts too)."""
        found = {}
        for sid in self.registry.keys(PROFILE_LIST) if self.registry.exists(PROFILE_LIST) else []:
            path = self.registry.data(f"{PROFILE_LIST}\\{sid}", "ProfileImagePath")
            if isinstance(path, str):
                root = self.registry.data(CURRENT_VERSION, "SystemRoot", r"C:\WINDOWS")
                found[sid] = path.replace("%systemroot%", root).replace("%SystemRoot%", root)
        return found

    def create_profile(self, sid: str) -> str:
        """Make the profile of an account from the Default one, as the first logon does; return its directory."""
        known = self.profiles().get(sid)
        if known:
            return known
        name = self.name_of(sid)
        if name is None:
            raise MachineError(1332, f"no account has the SID {sid}")
        home = rf"C:\Users\{name.rpartition(chr(92))[2].partition('@')[0]}"
        key = f"{PROFILE_LIST}\\{sid}"
        self.registry.set(key, "ProfileImagePath", Value("REG_EXPAND_SZ", home))
        self.registry.set(key, "Flags", Value("REG_DWORD", 0))
        self.registry.set(key, "State", Value("REG_DWORD", 0))
        for folder in (
            "Desktop",
            "Documents",
            "Downloads",
            r"AppData\Roaming",
            r"AppData\Local\Temp",
            r"AppData\Local\Microsoft\Windows",
        ):
            self.files.mkdir(f"{home}\\{folder}")
        for path, source in ((rf"{home}\NTUSER.DAT", DEFAULT_HIVE), (self._classes_file(home), None)):
            self.files.add_stub(path, 786432, attributes=("Archive", "Hidden"))
            self.registry.add_hive_file(path, copy_of=source if source in self.registry.hive_files() else None)
        return home

    @staticmethod
    def _classes_file(home: str) -> str:
        return rf"{home}\AppData\Local\Microsoft\Windows\UsrClass.dat"

    def hive_path(self, sid: str) -> str | None:
        """Return the path of a profile's NTUSER.DAT, or None without a profile."""
        home = self.profiles().get(sid)
        return rf"{home}\NTUSER.DAT" if home else None

    def hive_loaded(self, sid: str) -> bool:
        r"""Tell whether HKU\<SID> is there."""
        return self.registry.exists(f"HKU\\{sid}")

    def load_profile(self, sid: str) -> None:
        r"""Load a user's hives at HKU\<SID> and HKU\<SID>_Classes, as a logon of any kind does.

        Raises RegistryError 2 or 32.
        """
        home = self.create_profile(sid)
        if not self.hive_loaded(sid):
            self.registry.load(f"HKU\\{sid}", rf"{home}\NTUSER.DAT")
            self.registry.load(f"HKU\\{sid}_Classes", self._classes_file(home))

    def unload_profile(self, sid: str) -> None:
        """Unload what `load_profile` loaded."""
        for mount in (f"HKU\\{sid}", f"HKU\\{sid}_Classes"):
            if mount in self.registry.mounts():
                self.registry.unload(mount)

    def log_on(self, sid: str) -> None:
        """Log an account on at the console: profile, hives, the Volatile Environment key of an interactive session."""
        self.load_profile(sid)
        self.sessions.add(sid)
        variables = self.environment(sid)
        key = f"HKU\\{sid}\\Volatile Environment"
        for name in ("USERNAME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
            self.registry.set(key, name, Value("REG_SZ", variables[name]))
        authority = (self.name_of(sid) or "").rpartition("\\")[0]
        self.registry.set(key, "USERDOMAIN", Value("REG_SZ", authority))
        self.registry.set(f"{key}\\1", "SESSIONNAME", Value("REG_SZ", "Console"))

    def log_off(self, sid: str) -> None:
        """Log an account off and unload its hives."""
        self.sessions.discard(sid)
        if self.hive_loaded(sid):
            self.registry.delete_key(f"HKU\\{sid}\\Volatile Environment")
        self.unload_profile(sid)

    # services

    def service(self, name: str) -> Service | None:
        """Return a service by its name without regard to case."""
        return next((service for key, service in self.services.items() if key.lower() == name.lower()), None)

    def start_mode(self, name: str) -> str:
        """Return Auto, Manual, Disabled, Boot or System, as the service manager has it."""
        return service_manager.start_mode(self, name)

    def start_service(self, name: str) -> None:
        """Start a service and what it depends on. Raises MachineError, see `service_manager.start`."""
        service_manager.start(self, name)

    def stop_service(self, name: str) -> None:
        """Stop a service and what depends on it. Raises MachineError, see `service_manager.stop`."""
        service_manager.stop(self, name)

    def dependents(self, name: str) -> list[str]:
        """Return the names of the services that depend on one, directly or not."""
        return service_manager.dependents(self, name)

    # network

    def tunnel_adapters(self) -> list[Adapter]:
        """Return the adapters of an SSL-VPN.

        Source: docs/sources/forticlient.md#adapters-on-windows; of the PPP one docs/sources/service.md#windows-adapter.
        """
        return [
            item for item in self.adapters if item.description.startswith("Fortinet SSL VPN") or item.name == "fortissl"
        ]

    @property
    def tunnel_active(self) -> bool:
        """Tell whether an SSL-VPN tunnel is up; both adapters exist without one, too."""
        return any(item.status == "Up" for item in self.tunnel_adapters())

    def connect_tunnel(self, address: str = "10.99.4.17") -> None:
        """Bring the tunnel up as a user does by hand. Raises MachineError 1168 without a FortiClient adapter."""
        if not self.tunnel_adapters():
            raise MachineError(1168, f"{self.computer_name} has no SSL-VPN adapter: FortiClient is not installed")
        adapter = self.tunnel_adapters()[-1]  # the PPP one, where there is one
        adapter.status, adapter.addresses, adapter.dns = "Up", [f"{address}/32"], ["10.99.0.2"]

    def disconnect_tunnel(self) -> None:
        """Take the tunnel down."""
        for adapter in self.tunnel_adapters():
            adapter.status, adapter.addresses, adapter.dns = "Disconnected", [], []

    def request_reboot(self) -> None:
        """Ask for a reboot, as shutdown.exe /r does; whoever serves the machine carries it out (restart.restart)."""
        self.reboot_requested = True

    # copies and JSON

    def copy(self) -> Machine:
        """Return an independent copy, for example to prove that a run in check mode changes nothing."""
        twin = Machine.from_json(self._rest_to_json())
        twin.registry, twin.files = self.registry.copy(), self.files.copy()
        twin._wire()
        return twin

    def _rest_to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "accounts": self.accounts.to_json(),
            "services": {service.name: service.state for service in self.services.values()},
            "held": {
                name: {value: list(found) if found else None for value, found in values.items()}
                for name, values in self.held.items()
            },
            "sessions": sorted(self.sessions),
            "adapters": [asdict(adapter) for adapter in self.adapters],
            "restore_points": [asdict(point) for point in self.restore_points],
            "vpn_connections": copy.deepcopy(self.vpn_connections),
            "volatile_keys": sorted(key for key in self.volatile_keys if self.registry.exists(key)),
            "domain": self.domain,
            "last_boot": self.last_boot,
            "boot_count": self.boot_count,
            "reboot_requested": self.reboot_requested,
            "hardware": dict(self.hardware),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the whole state."""
        return self._rest_to_json() | {"registry": self.registry.to_json(), "files": self.files.to_json()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Machine:
        """Make a machine from what `to_json` gave."""
        machine = cls(document["name"])
        machine.accounts = Accounts.from_json(document["accounts"])
        machine.services = {name: Service(name, state) for name, state in document["services"].items()}
        machine.held = {
            name: {value: Value(*found) if found else None for value, found in values.items()}
            for name, values in document.get("held", {}).items()
        }
        machine.sessions = set(document["sessions"])
        machine.volatile_keys = set(document["volatile_keys"])
        machine.adapters = [Adapter(**node) for node in document["adapters"]]
        machine.restore_points = [RestorePoint(**node) for node in document["restore_points"]]
        machine.vpn_connections = copy.deepcopy(dict(document["vpn_connections"]))
        for plain in ("domain", "last_boot", "boot_count", "reboot_requested"):
            setattr(machine, plain, document[plain])
        machine.hardware = dict(document["hardware"])
        if "registry" in document:
            machine.registry = Registry.from_json(document["registry"])
            machine.files = FileSystem.from_json(document["files"])
        machine._wire()
        return machine

    def to_bytes(self) -> bytes:
        """Return the state as JSON text with sorted keys: the same state gives the same bytes."""
        return json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

    def fingerprint(self) -> str:
        """Return the SHA-256 of the state."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def save(self, path: Path) -> None:
        """Write the state to a file in one step: a reader sees the old file or the new one, never half."""
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as handle:
            handle.write(self.to_bytes())
        Path(handle.name).replace(path)

    @classmethod
    def load(cls, path: Path) -> Machine:
        """Read what `save` wrote."""
        return cls.from_json(json.loads(path.read_bytes()))
