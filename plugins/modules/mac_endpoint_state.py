#!/usr/bin/python
"""Reads what a Mac is and changes nothing; the controller compares.

Runs on the endpoint with the Python that is there: 3.8 and up, standard library only.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: mac_endpoint_state
short_description: Read the state of a Mac in one call
version_added: "0.1.0"
description:
  - Returns a state document of allowed keys of property lists, owners and modes of files, what Apple's tools say, the
    console user, the FortiClient tunnel and the version of macOS. It holds no opinion on them.
  - What cannot be read is in the document as a node with C(error), never absent.
  - The action C(endpoint_compare) calls it with what the roles need; call it by hand to look.
options:
  plists:
    description: Property lists to read.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path of the file.
        type: str
        required: true
      keys:
        description:
          - What may leave the machine. A pattern names keys from the top, separated by C(/); C(*) stands for any one
            key. The last key is returned with everything below it, so name the keys one by one where secrets lie
            beside them.
        type: list
        elements: str
        default: []
  files:
    description: Absolute paths of files, folders or links whose kind, owner and mode to read.
    type: list
    elements: str
    default: []
  tools:
    description:
      - What to ask Apple's tools, as a kind and, for some, a name. V(network_services) (networksetup),
        V(system_extensions), V(file_sharing) (sharing, sysadminctl), V(network_time) (systemsetup),
        V(packet_filter) (whether pf is on), V(packet_filter_rules) (the rules of all anchors), V(anchor NAME) (rules of
        a pf anchor), V(application_firewall) (socketfilterfw), V(power) (pmset), V(launchd LABEL),
        V(receipt ID) (pkgutil), V(text PATH) (a small text file).
      - V(network_time), V(anchor NAME), V(packet_filter) and V(packet_filter_rules) need root.
    type: list
    elements: str
    default: []
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Read the gateways of the VPN profiles, and nothing secret
  mac_endpoint_state:
    plists:
      - path: /Library/Application Support/Fortinet/FortiClient/conf/vpn.plist
        keys: [Profiles/*/Server, Profiles/*/ServerPort]
    files: [/Applications/FortiClient.app]

- name: Look at the proxies of all network services, and at pf
  become: true
  mac_endpoint_state:
    tools: [network_services, packet_filter, anchor com.apple/example]
"""

RETURN = r"""
document:
  description: The state document, schema 1; see schemas/state.schema.json.
  returned: always
  type: dict
"""

import datetime
import grp
import json
import os
import platform
import plistlib
import pwd
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

FORTICLIENT = "com.fortinet.forticlient.macos.vpn"
FIRST_PERSON = 500  # lower user ids are the system's own: root at the login window, _mbsetupuser in the setup assistant
# docs/sources/macos.md#scutil: state, id, kind of service, "name", [type:subtype]. Never localised.
SERVICE = re.compile(r'^[* ] \((?P<status>[^)]*)\)\s+(?P<id>\S+)\s[^"]*"(?P<name>.*)"\s+\[(?P<type>[^\]]*)\]\s*$')

# docs/sources/macos.md#network-services: a VPN's hardware port is its bundle id, and it has no device; a disabled
# service has a star.
NETWORK_SERVICE = re.compile(
    r"^\((?P<place>\*|\*?[0-9]+)\) (?P<name>.+)\n\(Hardware Port: (?P<port>.*), Device:(?P<device>.*)\)$", re.MULTILINE
)


def main() -> None:
    """Read everything that was asked for."""
    module = AnsibleModule(
        argument_spec={
            "plists": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "str", "required": True},
                    # Its name only looks like a secret's.
                    "keys": {"type": "list", "elements": "str", "default": [], "no_log": False},
                },
            },
            "files": {"type": "list", "elements": "str", "default": []},
            "tools": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, document=whole_text(read(module.params, module.run_command)))


def whole_text(value: Any) -> Any:
    """Return a document without halves of characters: for one of them Ansible would refuse the whole answer."""
    if isinstance(value, dict):
        return {whole_text(key): whole_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole_text(item) for item in value]
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value


def read(request: dict[str, Any], run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return the state document."""
    return {
        "schema": 1,
        "platform": "Darwin",
        "system": node(read_system, run_command),
        "plists": {ask["path"]: node(read_plist, ask["path"], ask["keys"]) for ask in request["plists"]},
        "files": {path: node(read_file, path) for path in request["files"]},
        "tools": {ask: node(read_tool, ask, run_command) for ask in request["tools"]},
        "console_user": node(read_console_user),
        "tunnel": node(read_tunnel, run_command),
    }


def node(reader: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a reader finds, or the reason why it found nothing."""
    try:
        return reader(*arguments)
    except (FileNotFoundError, NotADirectoryError) as error:
        return {"error": f"{error.filename} does not exist"}
    except PermissionError as error:
        return {"error": f"{error.filename} may not be read by {user_name(os.geteuid())}"}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def read_system(run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return names and versions. sw_vers, because Python may see a version that Apple shows to old programs (10.16)."""
    versions = node(read_versions, run_command)
    missing = {"error": versions.get("error", "sw_vers does not say it")}
    return {
        "computer_name": node(lambda: output(run_command, ["/usr/sbin/scutil", "--get", "ComputerName"]).strip()),
        "product_version": versions.get("ProductVersion", missing),
        "build": versions.get("BuildVersion", missing),
        "architecture": os.uname().machine,
        "python": platform.python_version(),
    }


def read_versions(run_command: Callable[..., Any]) -> dict[str, str]:
    """Return what sw_vers says, by its names."""
    return dict(re.findall(r"^(\w+):\s*(\S.*?)\s*$", output(run_command, ["/usr/bin/sw_vers"]), re.MULTILINE))


def read_plist(path: str, keys: list[str]) -> dict[str, Any]:
    """Return the allowed keys of a property list and what kind of file it is."""
    try:
        with Path(path).open("rb") as file:
            content = file.read()
            status = os.fstat(file.fileno())
    except (FileNotFoundError, NotADirectoryError):
        return {"exists": False}
    try:
        data = plistlib.loads(content)
    except Exception as error:  # plistlib lets errors of a dozen kinds through for garbage
        return {"error": f"{path} is not a property list ({str(error) or type(error).__name__})"}
    if not isinstance(data, dict):
        return {"error": f"{path} holds a {type(data).__name__}, not a dictionary"}
    form = "binary" if content.startswith(b"bplist") else "xml"
    return {"exists": True, "format": form, "data": allowed(data, keys), **ownership(status)}


def allowed(data: dict[str, Any], patterns: list[str]) -> dict[str, Any]:
    """Return the part of a dictionary that the patterns name; see `keys` in the documentation."""
    result: dict[str, Any] = {}
    for pattern in patterns:
        copy_allowed(data, pattern.split("/"), result)
    return result


def copy_allowed(source: dict[str, Any], pattern: list[str], target: dict[str, Any]) -> None:
    """Copy what one pattern names; a dictionary on the way is there even when nothing in it is named."""
    head, rest = pattern[0], pattern[1:]
    for key, value in source.items():
        if head not in ("*", key):
            continue
        if not rest:
            target[key] = plain(value)
        elif isinstance(value, dict):
            copy_allowed(value, rest, target.setdefault(key, {}))


def plain(value: Any) -> Any:
    """Return a property list's value in JSON's types: dates as ISO 8601 in UTC, bytes as lower-case hex."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat() + "Z"
    if isinstance(value, plistlib.UID):
        return value.data
    return value


def read_file(path: str) -> dict[str, Any]:
    """Return kind, owner and mode; a link is reported as a link, not followed."""
    try:
        status = Path(path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return {"exists": False}
    kinds = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "directory"), (stat.S_ISLNK, "link"))
    kind = next((name for test, name in kinds if test(status.st_mode)), "other")
    return {"exists": True, "type": kind, **ownership(status)}


def ownership(status: os.stat_result) -> dict[str, str]:
    """Return owner, group and mode; the number as text where the id has no name."""
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    return {"owner": user_name(status.st_uid), "group": group, "mode": f"{stat.S_IMODE(status.st_mode):04o}"}


def user_name(uid: int) -> str:
    """Return a user's name, or the number as text."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def read_console_user() -> str | None:
    """Return who sits at the Mac, or None. macOS gives the console device to that user."""
    uid = Path("/dev/console").stat().st_uid
    return user_name(uid) if uid >= FIRST_PERSON else None


def read_tunnel(run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return FortiClient's VPN services. By bundle id: the client renames its service when it connects."""
    services, unclear = [], []
    for line in output(run_command, ["/usr/sbin/scutil", "--nc", "list"]).splitlines():
        found = SERVICE.match(line)
        if found and found.group("type").rpartition(":")[2] == FORTICLIENT:
            services.append(found.groupdict())
        elif not found and FORTICLIENT in line:
            unclear.append(line.strip())
    # Connecting and Disconnecting count: the network is about to change under whoever acts now.
    idle = ("Disconnected", "Invalid")
    active = any(service["status"] not in idle for service in services)
    # One that is up decides, whatever another line means.
    if unclear and not active:
        raise RuntimeError(f"scutil --nc list says of FortiClient what is not understood: {unclear[0]}")
    return {"active": active, "services": services}


def read_tool(ask: str, run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return what one tool tells; the kind before the first space says which."""
    kind, _, name = ask.partition(" ")
    if kind not in TOOLS:
        raise ValueError(f"nothing is known about {kind}; known are {', '.join(TOOLS)}")
    return TOOLS[kind](run_command, name) if name else TOOLS[kind](run_command)


def read_network_services(run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return the proxy settings of network services by name; of a VPN's by its bundle id, too.

    Source: docs/sources/macos.md#network-services.
    """
    services: dict[str, Any] = {}
    listed = networksetup(run_command, "-listnetworkserviceorder")
    for found in NETWORK_SERVICE.finditer(listed):
        # A service that networksetup fails for hides neither the others nor its own device.
        service = node(read_service, run_command, found.group("name"))
        service["name"] = found.group("name")
        service["enabled"] = not found.group("place").startswith("*")
        service["device"] = found.group("device").strip()
        services[service["name"]] = service
        if not service["device"] and "." in found.group("port"):
            services[found.group("port")] = service
    # What is listed in another form is not absent.
    names = re.findall(r"^\((?:\*|\*?[0-9]+)\) (.+)$", listed, re.MULTILINE)
    for name in [*names, *([FORTICLIENT] if FORTICLIENT in listed else [])]:
        services.setdefault(name, {"error": "networksetup -listnetworkserviceorder says what is not understood"})
    return services


def read_service(run_command: Callable[..., Any], name: str) -> dict[str, Any]:
    """Return one service's PAC and automatic detection."""
    auto = dict(
        line.split(": ", 1) for line in networksetup(run_command, "-getautoproxyurl", name).splitlines() if ": " in line
    )
    found = networksetup(run_command, "-getproxyautodiscovery", name).strip()
    url = auto["URL"].strip()
    return {
        "pac_url": "" if url == "(null)" else url,
        "pac": auto["Enabled"].strip() == "Yes",
        "auto_detect": found.endswith("On"),
    }


def networksetup(run_command: Callable[..., Any], *arguments: str) -> str:
    """Return networksetup's answer. Code 8 also comes while the list of services changes: it is asked again, twice."""
    for pause in (0.3, 1.0, None):
        code, out, err = run_command(["/usr/sbin/networksetup", *arguments])
        # Its errors are on standard output (docs/sources/macos.md#networksetup-errors).
        if code == 0 and not out.startswith("** Error"):
            return str(out)
        if code != 8 or pause is None:
            break
        time.sleep(pause)
    raise RuntimeError(f"networksetup {' '.join(arguments)} ended with {code}: {(out or err).strip()}")


def read_system_extensions(run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return team, version and state of each system extension by bundle id.

    Source: docs/sources/forticlient.md#approvals-on-a-mac.
    """
    extensions: dict[str, dict[str, str]] = {}
    for line in output(run_command, ["/usr/bin/systemextensionsctl", "list"]).splitlines():
        found = re.match(
            r"[*\s]*\t(?P<team>[A-Z0-9]{10})\t(?P<id>\S+) \((?P<version>[^)]*)\)\t.*\[(?P<state>.*)\]", line
        )
        row = re.match(r"[^(\[]*?(?P<id>[\w-]+(\.[\w-]+)+) .*\[", line)
        if not found and row:
            extensions.setdefault(
                row.group("id"), {"error": f"systemextensionsctl says what is not understood: {line.strip()}"}
            )
        # After an update the old one is listed, too, until the next restart: the active one counts.
        elif found and not extensions.get(found.group("id"), {}).get("state", "").startswith("activated"):
            extensions[found.group("id")] = {name: found.group(name) for name in ("team", "version", "state")}
    return extensions


def read_packet_filter(run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return whether pf is on. Every call writes noise to standard error (docs/sources/macos.md#packet-filter)."""
    reported = output(run_command, ["/sbin/pfctl", "-s", "info"])
    found = re.match(r"Status: (Enabled|Disabled)\b", reported)
    if not found:
        raise RuntimeError(f"pfctl -s info does not say whether pf is on: {reported.strip()[:200]}")
    return {"enabled": found.group(1) == "Enabled"}


def read_anchor(run_command: Callable[..., Any], name: str) -> dict[str, Any]:
    """Return the rules that are loaded in an anchor; its exit code tells nothing.

    Source: docs/sources/macos.md#packet-filter.
    """
    code, out, err = run_command(["/sbin/pfctl", "-a", name, "-s", "rules"])
    if code != 0 and not re.search(r"Anchor .* not found|DIOCGETRULES: Invalid argument", err):
        raise RuntimeError(f"pfctl -a {name} -s rules ended with {code}: {err.strip()}")
    # Whatever stands there counts: a line that is no rule of ours may call an anchor that lets everybody in.
    return {"rules": [line.strip() for line in out.splitlines() if line.strip()]}


def read_packet_filter_rules(run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return the main rules, and those of every anchor that there is, by its whole name."""
    anchors: dict[str, list[str]] = {}
    waiting = [""]
    while waiting:
        name = waiting.pop()
        where = ["-a", name] if name else []
        code, out, err = run_command(["/sbin/pfctl", *where, "-s", "rules"])
        if code != 0 and not re.search(r"Anchor .* not found|DIOCGETRULES: Invalid argument", err):
            raise RuntimeError(f"pfctl {' '.join([*where, '-s', 'rules'])} ended with {code}: {err.strip()}")
        anchors[name] = [line.strip() for line in out.splitlines() if line.startswith(("pass", "block", "anchor"))]
        below = run_command(["/sbin/pfctl", *where, "-s", "Anchors"])[1].split("\n")
        names = [line.strip() for line in below if line.startswith(" ") and line.strip()]
        # They are whole names, or those below.
        waiting += [one if not name or one.startswith(f"{name}/") else f"{name}/{one}" for one in names]
    return {"rules": {"main": anchors.pop(""), "anchors": anchors}}


def read_application_firewall(run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return whether it is on, and whether it blocks everything, or the SMB server.

    Its wording changed over the years: docs/sources/macos.md#application-firewall.
    """
    tool = "/usr/libexec/ApplicationFirewall/socketfilterfw"
    state = output(run_command, [tool, "--getglobalstate"])
    number = re.search(r"State = ([0-2])", state)
    everything = output(run_command, [tool, "--getblockall"])
    off, on = (
        re.search(words, everything, re.IGNORECASE)
        for words in (r"\bdisabled\b|\bis off\b", r"\benabled\b|\bis on\b|set to block all non-essential")
    )
    program = output(run_command, [tool, "--getappblocked", "/usr/sbin/smbd"])
    if not number or not (off or on) or not re.search(r"is blocked|permitted|not part of the firewall", program):
        raise RuntimeError(f"socketfilterfw: {' '.join(f'{state} {everything} {program}'.split())}")
    return {
        "enabled": number.group(1) != "0",
        "block_all": number.group(1) == "2" or not off,
        "smbd_blocked": "is blocked" in program,
    }


def read_power(run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return the energy settings on mains power, in pmset's names; times are minutes.

    Source: docs/sources/macos.md#energy-settings.
    """
    section = ""
    mains: dict[str, int] = {}
    for line in output(run_command, ["/usr/bin/pmset", "-g", "custom"]).splitlines():
        found = re.match(r"\s+(\w+)\s+([0-9]+)\b", line)
        if found and section == "AC Power":
            mains[found.group(1)] = int(found.group(2))
        elif line.rstrip().endswith(":"):
            section = line.strip().rstrip(":")
    if not mains:
        raise RuntimeError("pmset -g custom names no settings for mains power (AC Power)")
    return {"mains": mains}


def read_launchd(run_command: Callable[..., Any], label: str) -> dict[str, Any]:
    """Return whether a system job is disabled (true, or disabled since macOS 14), and whether it is loaded."""
    disabled = False
    for line in output(run_command, ["/bin/launchctl", "print-disabled", "system"]).splitlines():
        name, _, value = line.strip().partition(" => ")
        if name == f'"{label}"':
            if value not in ("true", "false", "enabled", "disabled"):
                raise RuntimeError(f"launchctl print-disabled says what is not understood: {line.strip()}")
            disabled = value in ("true", "disabled")
    code = run_command(["/bin/launchctl", "print", f"system/{label}"])[0]
    return {"disabled": disabled, "loaded": code == 0}


def read_file_sharing(run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return whether guests are let in to SMB shares, and the share points that let them in.

    Source: docs/sources/macos.md#file-sharing.
    """
    return {"guest_access": node(read_guest_access, run_command), "guest_shares": node(read_guest_shares, run_command)}


def read_guest_access(run_command: Callable[..., Any]) -> bool:
    """Return whether guests may connect at all."""
    code, out, err = run_command(["/usr/sbin/sysadminctl", "-smbGuestAccess", "status"])
    reported = re.search(r"SMB guest access (enabled|disabled)", err + out)
    if code != 0 or not reported:
        raise RuntimeError(f"sysadminctl -smbGuestAccess status ended with {code}: {(err or out).strip()}")
    return reported.group(1) == "enabled"


def read_guest_shares(run_command: Callable[..., Any]) -> list[str]:
    """Return the names of the share points that let guests in over SMB."""
    code, out, _err = run_command(["/usr/sbin/sharing", "-l", "-f", "json"])
    # macOS 11 may know the text form only.
    shares = shares_of_json(out) if code == 0 else None
    if shares is None:
        shares = shares_of(output(run_command, ["/usr/sbin/sharing", "-l"]))
    found = {name: lets_guests_in(share) for name, share in shares.items()}
    guests = sorted(name for name, open_to in found.items() if open_to)
    unclear = sorted(name for name, open_to in found.items() if open_to is None)
    # One that is open decides, whatever the others are.
    if unclear and not guests:
        raise RuntimeError(f"sharing -l does not say whether guests are let in to {', '.join(unclear)}")
    return guests


def lets_guests_in(share: Any) -> bool | None:
    """Return whether a share point is open to guests over SMB; None when what is known of it does not say."""
    numbers = {"0": 0, "1": 1, "False": 0, "True": 1}
    values = share if isinstance(share, dict) else {}
    shared, guests = (numbers.get(str(values.get(name))) for name in ("smb_shared", "smb_guest_access"))
    if shared == 0 or guests == 0:
        return False
    return None if shared is None or guests is None else True


def shares_of_json(text: str) -> dict[str, Any] | None:
    """Return share points by name from sharing -l -f json, an object or a list; None when it is no JSON."""
    try:
        shares = json.loads(text or "{}")
    except ValueError:
        return None
    if isinstance(shares, list):
        return {str(share.get("name") if isinstance(share, dict) else share): share for share in shares}
    return shares if isinstance(shares, dict) else None


def shares_of(text: str) -> dict[str, dict[str, str]]:
    """Return share points by name from the text form of sharing -l.

    A share point begins with `name:` at the left; of it count the lines between `smb: {` and `}`, or `smb: disabled`.
    Layout and order differ from version to version.
    """
    shares = {}
    for part in re.split(r"^name:[ \t]*", text, flags=re.MULTILINE)[1:]:
        smb = re.search(r"^\s*smb:\s*\{(.*?)^\s*\}", part, re.MULTILINE | re.DOTALL)
        flags = dict(re.findall(r"^\s*(shared|guest access):\s*(\S+)\s*$", smb.group(1) if smb else "", re.MULTILINE))
        if re.search(r"^\s*smb:\s*disabled\s*$", part, re.MULTILINE):
            flags["shared"] = "0"
        named = {"shared": "smb_shared", "guest access": "smb_guest_access"}
        shares[part.splitlines()[0].strip()] = {named[name]: value for name, value in flags.items()}
    return shares


def read_network_time(run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return the time server and whether it is used."""
    on = node(read_setting, run_command, "-getusingnetworktime")
    return {
        "server": node(read_setting, run_command, "-getnetworktimeserver"),
        "on": {"On": True, "Off": False}.get(on, {"error": f"systemsetup says {on}"}) if isinstance(on, str) else on,
    }


def read_setting(run_command: Callable[..., Any], option: str) -> str:
    """Return what systemsetup answers. Without root it says so, and ends with 0."""
    reported = output(run_command, ["/usr/sbin/systemsetup", option]).strip()
    found = re.match(r"Network Time(?: Server)?: (.+)$", reported)
    if not found:
        raise RuntimeError(f"systemsetup {option}: {reported}")
    return found.group(1).strip()


def read_receipt(run_command: Callable[..., Any], name: str) -> dict[str, Any]:
    """Return the version that the installer noted for a package."""
    code, out, _err = run_command(["/usr/sbin/pkgutil", "--pkg-info-plist", name])
    if code != 0:
        return {"exists": False}
    return {"exists": True, "version": plistlib.loads(out.encode())["pkg-version"]}


def read_text(_run_command: Callable[..., Any], path: str) -> dict[str, Any]:
    """Return a small text file whole; what is no UTF-8 in it becomes a sign that differs from any text."""
    try:
        return {"exists": True, "text": Path(path).read_text(encoding="utf-8", errors="replace")}
    except (FileNotFoundError, NotADirectoryError):
        return {"exists": False}


TOOLS: dict[str, Callable[..., Any]] = {
    "network_services": read_network_services,
    "system_extensions": read_system_extensions,
    "packet_filter": read_packet_filter,
    "packet_filter_rules": read_packet_filter_rules,
    "application_firewall": read_application_firewall,
    "power": read_power,
    "anchor": read_anchor,
    "launchd": read_launchd,
    "file_sharing": read_file_sharing,
    "network_time": read_network_time,
    "receipt": read_receipt,
    "text": read_text,
}


def output(run_command: Callable[..., Any], arguments: list[str]) -> str:
    """Return a program's standard output; raise RuntimeError when it fails."""
    code, out, err = run_command(arguments)
    if code != 0:
        raise RuntimeError(f"{' '.join(arguments)} ended with {code}: {(err or out).strip()}")
    return out


if __name__ == "__main__":
    main()
