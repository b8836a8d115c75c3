"""ansible.windows.setup: facts. Subsets are chosen as the real module chooses them.

Not given, as on a machine without them: `facter_*` and `ansible_win_rm_certificate_*` (the certificate of the lab's
listener belongs to no store of the machine). Source: ansible.windows 3.3.0 and 3.8.0, setup.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from lab.windows.calls import identity
from lab.windows.calls.models import Result, Rules, model
from lab.windows.machine import CURRENT_VERSION
from lab.windows.machine.parts import NotModelled

if TYPE_CHECKING:
    from lab.windows.calls.payload import Call
    from lab.windows.machine import Machine
    from lab.windows.machine.parts import Adapter

Facts = dict[str, Any]
Gather = Callable[["Machine", "Call"], Facts]

_GROUPS = {
    "min": ("date_time", "distribution", "dns", "env", "local", "platform", "powershell_version", "user"),
    "network": ("all_ipv4_addresses", "all_ipv6_addresses", "interfaces", "windows_domain", "winrm"),
    "hardware": ("bios", "memory", "processor", "uptime", "virtual"),
    "external": ("facter",),
}
_ALL = {subset for group in _GROUPS.values() for subset in group}
_EDITIONS = {"Core": "Home", "Professional": "Pro", "Enterprise": "Enterprise", "Education": "Education"}
_TIME_ZONE = r"HKLM\SYSTEM\CurrentControlSet\Control\TimeZoneInformation"
_UTC_OFFSET_HOURS = {"Tokyo Standard Time": 9, "UTC": 0}
_CBS_PENDING = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
_SESSION_MANAGER = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager"
_PROCESSORS = r"HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor"


@model("ansible.windows.setup", Rules(extra_options=True))
def setup(machine: Machine, call: Call) -> Result:
    """Return `ansible_facts` of the asked subsets."""
    for name in ("fact_path", "_measure_subset"):
        if call.args.get(name):
            raise NotModelled(f"setup option {name!r}")
    warnings: list[str] = []
    chosen = choose(call.args["gather_subset"], warnings)
    facts: Facts = {"gather_subset": call.args["gather_subset"], "module_setup": True}
    for subsets, gather in _FACTS:
        if chosen.intersection(subsets):
            facts.update({f"ansible_{name}": value for name, value in gather(machine, call).items()})
    return {"ansible_facts": facts, "warnings": warnings}


def choose(gather_subset: list[str], warnings: list[str]) -> set[str]:
    """Return the subsets that a gather_subset list means: all, less what has a "!", and then what is named."""
    groups = {name: set(subsets) for name, subsets in _GROUPS.items()} | {"all": set(_ALL)}
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for item in gather_subset:
        name = item.removeprefix("!")
        meant = groups.get(name) or ({name} if name in _ALL else set())
        if item.startswith("!"):
            unwanted |= meant - groups["min"] if name == "all" else meant
        elif meant:
            wanted |= meant
        else:
            warnings.append(f"invalid value {item} specified in gather_subset")
    return (_ALL - unwanted) | wanted


def _addresses(machine: Machine, call: Call) -> Facts:
    return {"ip_addresses": [each.partition("/")[0] for adapter in machine.adapters for each in adapter.addresses]}


def _bios(machine: Machine, call: Call) -> Facts:
    hardware = machine.hardware
    return {
        "bios_date": hardware.get("bios_date", "06/12/2024"),
        "bios_version": hardware.get("bios_version", "1.14.0"),
        "product_name": hardware.get("model"),
        "product_serial": hardware.get("serial"),
        "product_uuid": hardware.get("uuid"),
    }


def _zone(machine: Machine) -> tuple[str, timezone]:
    name = str(machine.registry.data(_TIME_ZONE, "TimeZoneKeyName", "Tokyo Standard Time"))
    if name not in _UTC_OFFSET_HOURS:
        raise NotModelled(f"the time zone {name!r}; known are {', '.join(_UTC_OFFSET_HOURS)}")
    return name, timezone(timedelta(hours=_UTC_OFFSET_HOURS[name]))


def _date_time(machine: Machine, call: Call) -> Facts:
    name, zone = _zone(machine)
    now = datetime.now(zone)
    utc = now.astimezone(UTC)
    offset = now.strftime("%z")
    facts = {
        "date": now.strftime("%Y-%m-%d"),
        "day": now.strftime("%d"),
        "epoch_local": str(now.timestamp() + (now.utcoffset() or timedelta()).total_seconds()),
        "epoch": str(utc.timestamp()),
        "epoch_int": int(utc.timestamp()),
        "hour": now.strftime("%H"),
        "iso8601": utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "iso8601_basic": now.strftime("%Y%m%dT%H%M%S%f"),
        "iso8601_basic_short": now.strftime("%Y%m%dT%H%M%S"),
        "iso8601_micro": utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "minute": now.strftime("%M"),
        "month": now.strftime("%m"),
        "second": now.strftime("%S"),
        "time": now.strftime("%H:%M:%S"),
        "tz": name,
        "tz_offset": f"{offset[:3]}:{offset[3:]}",
        "weekday": now.strftime("%A"),
        "weekday_number": now.strftime("%w"),
        "weeknumber": now.strftime("%W"),
        "year": now.strftime("%Y"),
    }
    return {"date_time": facts}


def _caption(machine: Machine) -> str:
    generation = 11 if machine.build >= 22000 else 10
    return f"Microsoft Windows {generation} {_EDITIONS.get(machine.edition_id, machine.edition_id)}"


def _distribution(machine: Machine, call: Call) -> Facts:
    admin = identity.is_admin(machine, call)
    installed = machine.registry.data(CURRENT_VERSION, "InstallTime")
    epoch = installed / 10_000_000 - 11_644_473_600 if installed else None
    return {
        "distribution": _caption(machine) if admin else None,
        "distribution_version": f"10.0.{machine.build}.0",
        "distribution_major_version": "10",
        "os_family": "Windows",
        "os_name": _caption(machine) if admin else None,
        "os_product_type": "workstation",
        "os_installation_type": machine.registry.data(CURRENT_VERSION, "InstallationType"),
        "os_install_date": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if epoch else None,
    }


def _env(machine: Machine, call: Call) -> Facts:
    return {"env": {name: value.rstrip("\\") for name, value in identity.environment(machine, call).items()}}


def _interfaces(machine: Machine, call: Call) -> Facts:
    return {"interfaces": [_interface(adapter, index) for index, adapter in enumerate(machine.adapters, start=2)]}


def _interface(adapter: Adapter, index: int) -> Facts:
    return {
        "connection_name": adapter.name,
        "default_gateway": adapter.gateway or None,
        "dns_domain": None,
        "interface_index": index,
        "interface_name": adapter.description,
        "ipv4": _one_or_many([each for each in adapter.addresses if ":" not in each]),
        "ipv6": _one_or_many([each for each in adapter.addresses if ":" in each]),
        "macaddress": adapter.mac.replace("-", ":").upper(),
        "mtu": 1500,
        "speed": 1000 if adapter.status == "Up" else 0,
    }


def _one_or_many(addresses: list[str]) -> Any:
    """Return addresses as PowerShell's Select-Object leaves them: nothing, one object, or a list."""
    found = [
        {"address": address, "prefix": prefix} for address, _, prefix in (each.partition("/") for each in addresses)
    ]
    if len(found) < 2:
        return found[0] if found else None
    return found


def _memory(machine: Machine, call: Call) -> Facts:
    total = -(-int(machine.hardware.get("memory_bytes", 16 * 2**30)) // 2**20)
    admin = identity.is_admin(machine, call)
    return {
        "memtotal_mb": total,
        "memfree_mb": total // 2,
        "swaptotal_mb": 0,
        "pagefiletotal_mb": 2432 if admin else None,
        "pagefilefree_mb": 2270 if admin else None,
    }


def _platform(machine: Machine, call: Call) -> Facts:
    name = machine.computer_name
    domain = machine.domain or ""
    fqdn = f"{name}.{domain}" if domain else name
    pending = machine.registry.data(_SESSION_MANAGER, "PendingFileRenameOperations")
    admin = identity.is_admin(machine, call)
    return {
        "domain": domain,
        "fqdn": fqdn,
        "hostname": name,
        "netbios_name": name,
        "kernel": f"10.0.{machine.build}.0",
        "nodename": fqdn,
        "machine_id": machine.accounts.machine_sid,
        "owner_name": machine.registry.data(CURRENT_VERSION, "RegisteredOwner", ""),
        "system": "Win32NT",
        "system_description": "",
        "system_vendor": machine.hardware.get("manufacturer"),
        "architecture": ("64 ビット" if machine.ui_culture == "ja-JP" else "64-bit") if admin else None,
        "architecture2": "x86_64",
        "owner_contact": "",
        "reboot_pending": bool(pending) or machine.registry.exists(_CBS_PENDING),
    }


def _processor(machine: Machine, call: Call) -> Facts:
    listed: list[str | None] = []
    keys = machine.registry.keys(_PROCESSORS) if machine.registry.exists(_PROCESSORS) else []
    for key in sorted(keys, key=int):
        listed.append(key)
        for value in ("VendorIdentifier", "ProcessorNameString"):
            listed.append(machine.registry.data(f"{_PROCESSORS}\\{key}", value))
    logical = len(keys) or int(machine.hardware.get("processors", 8))
    return {
        "processor": listed,
        "processor_count": 1,
        "processor_vcpus": logical,
        "processor_cores": max(1, logical // 2),
        "processor_threads_per_core": 2 if logical > 1 else 1,
    }


def _powershell(machine: Machine, call: Call) -> Facts:
    return {"powershell_version": 5}


def _uptime(machine: Machine, call: Call) -> Facts:
    _, zone = _zone(machine)
    boot = datetime.fromtimestamp(machine.last_boot, zone)
    return {"lastboot": boot.strftime("%Y-%m-%d %H:%M:%SZ"), "uptime_seconds": int(time.time()) - machine.last_boot}


def _user(machine: Machine, call: Call) -> Facts:
    environment = identity.environment(machine, call)
    sid = identity.sid(machine, call)
    name = (machine.name_of(sid) or "").rpartition("\\")[2]
    return {
        "user_dir": environment.get("USERPROFILE"),
        "user_gecos": "",
        "user_id": environment.get("USERNAME", name),
        "user_sid": sid,
    }


def _virtual(machine: Machine, call: Call) -> Facts:
    return {"virtualization_role": "NA", "virtualization_type": "NA"}


def _windows_domain(machine: Machine, call: Call) -> Facts:
    return {
        "windows_domain": machine.domain or "WORKGROUP",
        "windows_domain_member": machine.part_of_domain,
        "windows_domain_role": "Member workstation" if machine.part_of_domain else "Stand-alone workstation",
    }


_FACTS: tuple[tuple[set[str], Gather], ...] = (
    ({"all_ipv4_addresses", "all_ipv6_addresses"}, _addresses),
    ({"bios"}, _bios),
    ({"date_time"}, _date_time),
    ({"distribution"}, _distribution),
    ({"env"}, _env),
    ({"interfaces"}, _interfaces),
    ({"memory"}, _memory),
    ({"platform"}, _platform),
    ({"powershell_version"}, _powershell),
    ({"processor"}, _processor),
    ({"uptime"}, _uptime),
    ({"user"}, _user),
    ({"virtual"}, _virtual),
    ({"windows_domain"}, _windows_domain),
)
