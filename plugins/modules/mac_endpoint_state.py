#!/usr/bin/python
"""Reads what a Mac is and changes nothing; the controller compares.

Runs on the endpoint with the Python that is there: 3.8 and up, standard library only.
"""

from __future__ import annotations

import datetime
import grp
import os
import platform
import plistlib
import pwd
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: mac_endpoint_state
short_description: Read the state of a Mac in one call
version_added: "0.1.0"
description:
  - Returns a state document of allowed keys of property lists, owners and modes of files, the console user, the
    FortiClient tunnel and the version of macOS. It holds no opinion on them.
  - What cannot be read is in the document as a node with C(error), never absent.
  - The action C(endpoint_state) calls it with what the roles need; call it by hand to look.
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
author:
  - Offsite endpoints contributors
"""

EXAMPLES = r"""
- name: Read the gateways of the VPN profiles, and nothing secret
  mac_endpoint_state:
    plists:
      - path: /Library/Application Support/Fortinet/FortiClient/conf/vpn.plist
        keys: [Profiles/*/Server, Profiles/*/ServerPort]
    files: [/Applications/FortiClient.app]
"""

RETURN = r"""
document:
  description: The state document, schema 1; see docs/contracts.md.
  returned: always
  type: dict
  sample:
    schema: 1
    platform: Darwin
    console_user: taro
    tunnel: {active: false, services: []}
"""

FORTICLIENT = "com.fortinet.forticlient.macos.vpn"
FIRST_PERSON = 500  # lower user ids are the system's own: root at the login window, _mbsetupuser in the setup assistant
# facts/macos.md 2.6 (from configd's source): state, id, kind of service, "name", [type:subtype]. Never localised.
SERVICE = re.compile(r'^[* ] \((?P<status>[^)]*)\)\s+(?P<id>\S+)\s[^"]*"(?P<name>.*)"\s+\[(?P<type>[^\]]*)\]\s*$')


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
        },
        supports_check_mode=True,
    )
    module.exit_json(changed=False, document=read(module.params, module.run_command))


def read(request: dict[str, Any], run_command: Callable[..., Any]) -> dict[str, Any]:
    """Return the state document."""
    return {
        "schema": 1,
        "platform": "Darwin",
        "system": node(read_system, run_command),
        "plists": {ask["path"]: node(read_plist, ask["path"], ask["keys"]) for ask in request["plists"]},
        "files": {path: node(read_file, path) for path in request["files"]},
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


def read_system(run_command: Callable[..., Any]) -> dict[str, str]:
    """Return names and versions. sw_vers, because Python may see a version that Apple shows to old programs (10.16)."""
    lines = output(run_command, ["/usr/bin/sw_vers"]).splitlines()
    versions = dict(line.split(":", 1) for line in lines if ":" in line)
    return {
        "computer_name": output(run_command, ["/usr/sbin/scutil", "--get", "ComputerName"]).strip(),
        "product_version": versions["ProductVersion"].strip(),
        "build": versions["BuildVersion"].strip(),
        "architecture": os.uname().machine,
        "python": platform.python_version(),
    }


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
    """Return kind, owner and mode; a link is told as a link, not followed."""
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
    services = []
    for line in output(run_command, ["/usr/sbin/scutil", "--nc", "list"]).splitlines():
        found = SERVICE.match(line)
        if found and found.group("type").rpartition(":")[2] == FORTICLIENT:
            services.append(found.groupdict())
    # Connecting and Disconnecting count: the network is about to change under whoever acts now.
    idle = ("Disconnected", "Invalid")
    return {"active": any(service["status"] not in idle for service in services), "services": services}


def output(run_command: Callable[..., Any], arguments: list[str]) -> str:
    """Return a program's standard output; raise RuntimeError when it fails."""
    code, out, err = run_command(arguments)
    if code != 0:
        raise RuntimeError(f"{' '.join(arguments)} ended with {code}: {(err or out).strip()}")
    return out


if __name__ == "__main__":
    main()
