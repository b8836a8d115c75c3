"""Programs that say what the system is: uname, sw_vers, hostname, sysctl, xcode-select, pkgutil, ..."""

from __future__ import annotations

import os
import plistlib
import sys
from typing import Any

from lab.macos.session import Session
from lab.macos.tools.common import ToolError, not_modelled, short_options

_NO_TOOLS = (
    "xcode-select: note: no developer tools were found at '/Applications/Xcode.app', requesting install. "
    "Choose an option in the dialog to download the command line developer tools."
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


def sysctl(session: Session, arguments: list[str]) -> int:
    """`sysctl [-n] name ` (facts about hardware and kernel; `sysctl hw` lists a branch)."""
    flags, names = short_options("sysctl", arguments, "n")
    system = session.state.read()["system"]
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
    """`xcode-select -p` (facts/macos.md 1.1)."""
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
    """/usr/bin/python3 is a stub until the Command Line Tools are there (facts/macos.md 1.1)."""
    if session.state.read()["command_line_tools"]:
        raise not_modelled("/usr/bin/python3 of the Command Line Tools", arguments)
    raise ToolError(_NO_TOOLS)


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
    """`systemextensionsctl list` (facts/macos.md 4.1)."""
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


def systemsetup(session: Session, arguments: list[str]) -> int:
    """`systemsetup`: without root it refuses on standard output and exits 0 (facts/macos.md 7)."""
    if session.who.uid != 0:
        print("You need administrator access to run this tool... exiting!")
        return 0
    answers = {
        "-getnetworktimeserver": "Network Time Server: time.apple.com",
        "-getusingnetworktime": "Network Time: On",
        "-getremotelogin": "Remote Login: On",
    }
    if len(arguments) == 1 and arguments[0] in answers:
        print(answers[arguments[0]])
        return 0
    if arguments and arguments[0] in ("-setremotelogin", "-f"):
        print("setremotelogin: Turning Remote Login on or off requires Full Disk Access privileges.")
        return 0
    raise not_modelled("systemsetup", arguments)


def pkgutil(session: Session, arguments: list[str]) -> int:
    """`pkgutil --pkgs[=regex excluded], --pkg-info ID, --pkg-info-plist ID` (facts/macos.md 4)."""
    receipts: dict[str, Any] = session.state.read()["receipts"]
    if arguments == ["--pkgs"]:
        print("\n".join(sorted(receipts)))
        return 0
    if len(arguments) != 2 or arguments[0] not in ("--pkg-info", "--pkg-info-plist"):
        raise not_modelled("pkgutil", arguments)
    identifier = arguments[1]
    if identifier not in receipts:
        raise ToolError(f"No receipt for '{identifier}' found at '/'.")
    receipt = receipts[identifier]
    if arguments[0] == "--pkg-info":
        rows = {"package-id": identifier, "version": receipt["version"], "volume": "/", "location": receipt["location"]}
        print(
            "\n".join(f"{name}: {value}" for name, value in {**rows, "install-time": receipt["install_time"]}.items())
        )
        return 0
    facts = {
        "install-location": receipt["location"],
        "install-time": receipt["install_time"],
        "pkg-version": receipt["version"],
        "pkgid": identifier,
        "receipt-plist-version": 1.0,
        "volume": "/",
    }
    sys.stdout.write(plistlib.dumps(facts).decode())
    return 0


TOOLS = {
    "hostname": hostname,
    "locale": locale,
    "pkgutil": pkgutil,
    "python3": python3,
    "sw_vers": sw_vers,
    "sysctl": sysctl,
    "systemextensionsctl": systemextensionsctl,
    "systemsetup": systemsetup,
    "uname": uname,
    "which": which,
    "xcode-select": xcode_select,
}
