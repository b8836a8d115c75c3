"""Files of Windows itself: the programs of its services, and those that people look for or call by name.

Of each there is a size, which is the lab's own, and the mark that it belongs to Windows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.windows.machine.access import OF_WINDOWS
from lab.windows.machine.built_in_services import services
from lab.windows.machine.service_manager import command_path

if TYPE_CHECKING:
    from lab.windows.machine import Machine

ROOT = r"C:\WINDOWS"
_FILES = {
    "": ("explorer.exe", "notepad.exe", "regedit.exe"),
    "System32": (
        *("cmd.exe", "csrss.exe", "conhost.exe", "curl.exe", "fltMC.exe", "ipconfig.exe", "kernel32.dll", "lsass.exe"),
        *("msiexec.exe", "net.exe", "netsh.exe", "notepad.exe", "ntdll.dll", "ntoskrnl.exe", "ping.exe"),
        *("powercfg.exe", "reg.exe", "robocopy.exe", "rundll32.exe", "sc.exe", "schtasks.exe", "services.exe"),
        *("shutdown.exe", "svchost.exe", "tar.exe", "taskkill.exe", "vssadmin.exe", "w32tm.exe", "wevtutil.exe"),
        *("where.exe", "whoami.exe", "winlogon.exe", "xcopy.exe"),
    ),
    r"System32\WindowsPowerShell\v1.0": ("powershell.exe",),
    r"System32\wbem": ("WMIC.exe", "WmiPrvSE.exe"),
    r"SysWOW64": ("cmd.exe", "msiexec.exe", "reg.exe", "rundll32.exe"),
    r"SysWOW64\WindowsPowerShell\v1.0": ("powershell.exe",),
}
_HIVES = ("DEFAULT", "SAM", "SECURITY", "SOFTWARE", "SYSTEM")


def put_system_files(machine: Machine) -> None:
    """Put them on the disk."""
    paths = [f"{ROOT}\\{folder}\\{name}".replace("\\\\", "\\") for folder, names in _FILES.items() for name in names]
    images = (machine.expand(str(seed.values["ImagePath"].data)) for seed in services())
    for path in dict.fromkeys([*paths, *map(command_path, images)]):
        machine.files.add_stub(path, 100_000 + 1000 * len(path), {OF_WINDOWS: True}, attributes=("Archive",))
    for name in _HIVES:
        machine.files.add_stub(rf"{ROOT}\System32\config\{name}", 20_000_000)
    machine.files.mkdir(rf"{ROOT}\System32\drivers\etc")
    machine.files.write(
        rf"{ROOT}\System32\drivers\etc\hosts", b"# localhost name resolution is handled within DNS itself.\r\n"
    )
