"""Programs that say what the system is: uname, sw_vers, hostname, sysctl, xcode-select, ..."""

from __future__ import annotations

import os
import sys
import time

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled, short_options

_FIRST_BOOT = 1_767_225_600  # a day for each start since
_ASKS = (
    "xcode-select: note: no developer tools were found at '/Applications/Xcode.app', requesting install. "
    "Choose an option in the dialog to download the command line developer tools."
)
_CANNOT_ASK = (
    "xcode-select: error: no developer tools were found at '/Applications/Xcode.app', and no install could be "
    "requested (perhaps no UI is present), please install manually from 'developer.apple.com'."
)


def uname(_: Session, arguments: list[str]) -> int:
    """`uname [-asnrvmp]`."""
    flags, rest = short_options("uname", arguments, "asnrvmp")
    if rest:
        raise not_modelled("uname", arguments)
    system = os.uname()
    processor = "arm" if system.machine == "arm64" else "i386"
    fields = zip("snrvm", system, strict=True)
    wanted = "snrvm" if "a" in flags else flags or "s"
    words = [value for letter, value in fields if letter in wanted]
    print(" ".join([*words, processor] if "p" in wanted else words))
    return 0


def sw_vers(session: Session, arguments: list[str]) -> int:
    """`sw_vers [-productName|-productVersion|-buildVersion]`; the forms with two dashes since macOS 13."""
    system = session.state.read()["system"]
    rows = {"ProductName": "macOS", "ProductVersion": system["product_version"], "BuildVersion": system["build"]}
    if not arguments:
        for name, value in rows.items():
            print(f"{name}:\t\t{value}")
        return 0
    option = arguments[0].lstrip("-")
    name = option[:1].upper() + option[1:]
    two_dashes = arguments[0].startswith("--")
    if name not in rows or len(arguments) > 1 or (two_dashes and int(system["product_version"].split(".")[0]) < 13):
        raise ToolError("usage: sw_vers [-productName|-productVersion|-buildVersion]")
    print(rows[name])
    return 0


def hostname(session: Session, arguments: list[str]) -> int:
    """`hostname [-s]`."""
    name = session.state.read()["system"]["host_name"]
    if arguments not in ([], ["-s"], ["-f"]):
        raise not_modelled("hostname", arguments)
    print(name.split(".")[0] if arguments == ["-s"] else name)
    return 0


def _boot_day(boots: int) -> str:
    return time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(_FIRST_BOOT + 86400 * boots))


def sysctl(session: Session, arguments: list[str]) -> int:
    """`sysctl [-n] name ` (facts about hardware and kernel; `sysctl hw` lists a branch)."""
    flags, names = short_options("sysctl", arguments, "n")
    data = session.state.read()
    system, boots = data["system"], data["boots"]
    values = {
        "hw.model": system["model"],
        "hw.memsize": str(system["memory_bytes"]),
        "hw.ncpu": str(system["cpus"]),
        "hw.logicalcpu": str(system["cpus"]),
        "hw.physicalcpu": str(system["cpus"]),
        "hw.pagesize": "16384",
        "kern.osversion": system["build"],
        "kern.osrevision": "199506",
        "kern.osproductversion": system["product_version"],
        "kern.hostname": system["host_name"],
        "kern.boottime": f"{{ sec = {_FIRST_BOOT + 86400 * boots}, usec = 0 }} {_boot_day(boots)}",
        "kern.bootsessionuuid": f"00000000-0000-4000-8000-{boots:012X}",
        "machdep.cpu.brand_string": system["processor"],
        "machdep.cpu.core_count": str(system["cpus"]),
    }
    code = 0
    for name in names:
        found = {key: value for key, value in values.items() if key == name or key.startswith(f"{name}.")}
        for key, value in found.items():
            print(value if "n" in flags else f"{key}: {value}")
        if not found:
            sys.stderr.write(f"sysctl: unknown oid '{name}'\n")
            code = 1
    return code


def xcode_select(session: Session, arguments: list[str]) -> int:
    """`xcode-select -p` (docs/sources/macos.md#python-on-a-mac)."""
    if arguments not in (["-p"], ["--print-path"]):
        raise not_modelled("xcode-select", arguments)
    if not session.state.read()["command_line_tools"]:
        raise ToolError(
            "xcode-select: error: unable to get active developer directory, "
            "use `sudo xcode-select --switch path/to/Xcode.app` to set one",
            2,
        )
    print("/Library/Developer/CommandLineTools")
    return 0


def python3(session: Session, arguments: list[str]) -> int:
    """/usr/bin/python3 is a stub until the Command Line Tools are there (docs/sources/macos.md#python-on-a-mac).

    The machine remembers that it was run, and that the console user got a dialog for it.
    """
    if session.state.read()["command_line_tools"]:
        raise not_modelled("/usr/bin/python3 of the Command Line Tools", arguments)
    with session.state.edit() as data:
        data["python_stub"]["runs"] += 1
        data["python_stub"]["dialogs"] += bool(data["console_user"])
    raise ToolError(_ASKS if data["console_user"] else _CANNOT_ASK)


def locale(_: Session, arguments: list[str]) -> int:
    """`locale -a`."""
    if arguments != ["-a"]:
        raise not_modelled("locale", arguments)
    print("en_US.UTF-8\nja_JP.UTF-8\nC\nPOSIX")
    return 0


def which(_: Session, arguments: list[str]) -> int:
    """`which [-s] name `."""
    flags, names = short_options("which", arguments, "s")
    code = 0
    for name in names:
        found = [path for folder in os.get_exec_path() if os.access(path := f"{folder}/{name}", os.X_OK)]
        if not found:
            code = 1
        elif "s" not in flags:
            print(found[0])
    return code


def systemextensionsctl(session: Session, arguments: list[str]) -> int:
    """`systemextensionsctl list` (docs/sources/forticlient.md#approvals-on-a-mac)."""
    if arguments != ["list"]:
        raise not_modelled("systemextensionsctl", arguments)
    extensions = session.state.read()["system_extensions"]
    print(f"{len(extensions)} extension(s)")
    if extensions:
        print(
            "--- com.apple.system_extension.network_extension\n"
            "enabled\tactive\tteamID\tbundleID (version)\tname\t[state]"
        )
    for item in extensions:
        stars = "*\t*" if item["state"] == "activated enabled" else "\t*"
        print(f"{stars}\t{item['team']}\t{item['id']} ({item['version']})\t{item['name']}\t[{item['state']}]")
    return 0


TOOLS = {
    "hostname": hostname,
    "locale": locale,
    "python3": python3,
    "sw_vers": sw_vers,
    "sysctl": sysctl,
    "systemextensionsctl": systemextensionsctl,
    "uname": uname,
    "which": which,
    "xcode-select": xcode_select,
}
