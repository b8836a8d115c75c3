#!/usr/bin/python
"""Sets single values inside a property list and leaves everything else in it as it is.

Runs on the endpoint with the Python that is there: 3.8 and up, standard library only.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: mac_plist
short_description: Merge values into a property list
version_added: "0.1.0"
description:
  - Sets or removes values at paths of keys. The other values, the format (binary or XML), the owner, the group and the
    mode of the file stay as they are.
  - The file is replaced in one step and read back.
  - Types are strict, since programs on a Mac are. V(1) and V(true) are different values.
  - Extended attributes and ACLs of the file are not kept.
options:
  path:
    description: Absolute path of the property list. A link is followed.
    type: path
    required: true
  values:
    description: What to set or remove, in this order.
    type: list
    elements: dict
    required: true
    suboptions:
      key:
        description: Keys from the top. Dictionaries that are missing on the way are made.
        type: list
        elements: str
        required: true
      value:
        description:
          - Text, a whole number, a real number, a boolean, a list or a dictionary. Needed unless
            O(values[].state=absent).
        type: raw
      state:
        description: Whether the key has the value or is not there.
        type: str
        choices: [present, absent]
        default: present
      prune:
        description:
          - How many of the dictionaries above a removed value, from the inside out, go with it when they are left
            empty. The file itself counts as the outermost.
        type: int
        default: 0
  create:
    description: Whether to make the file, as XML, and the folders above it when they are missing. They belong to the
      user and the group that the module runs as.
    type: bool
    default: false
notes:
  - A program that has the file open keeps its own copy of the values, and may write them back; stop it first.
  - Supports check mode and diff. The diff shows the named keys alone, so that secrets beside them stay where they are.
author:
  - Offsite endpoints contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Name the gateway of one VPN profile
  mac_plist:
    path: /Library/Application Support/Fortinet/FortiClient/conf/vpn.plist
    values:
      - key: [Profiles, Office, Server]
        value: vpn.example.org
      - key: [Profiles, Office, ServerPort]
        value: 443

- name: Take the profile away again
  mac_plist:
    path: /Library/Application Support/Fortinet/FortiClient/conf/vpn.plist
    values:
      - key: [Profiles, Office]
        state: absent
"""

RETURN = r"""
created:
  description: Whether the file was not there before.
  returned: success
  type: bool
format:
  description: Format of the file, V(binary) or V(xml).
  returned: success, unless there is no file and none was to be made
  type: str
"""

import os
import plistlib
import stat
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

ABSENT = object()
FORMATS = {"binary": plistlib.FMT_BINARY, "xml": plistlib.FMT_XML}
TYPES = {str: "text", bool: "boolean", int: "number", float: "real number", list: "list", dict: "dictionary"}


class PlistError(Exception):
    """What cannot be done; the text goes to the person who asked."""


def main() -> None:
    """Change the file, or say what would change."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "values": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "key": {"type": "list", "elements": "str", "required": True, "no_log": False},
                    "value": {"type": "raw"},
                    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
                    "prune": {"type": "int", "default": 0},
                },
            },
            "create": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**change(module.params, module.check_mode))
    except PlistError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename or module.params['path']}: {error.strerror or error}")


def change(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Return the module's result. Raises PlistError and OSError."""
    path = Path(params["path"]).resolve()
    check_values(params["values"])
    old, form = load(path)
    created = old is None
    new = {} if old is None else old
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    file_goes = False
    for item in params["values"]:
        name = "/".join(item["key"])
        value = item["value"] if item["state"] == "present" else ABSENT
        found = put(new, item["key"], value, path)
        file_goes |= value is ABSENT and found is not ABSENT and prune(new, item["key"][:-1], item["prune"])
        if not same(found, value):
            before.setdefault(name, found)
            after[name] = value
    if not after:
        return {"changed": False, "created": False, "format": form}
    if created and not params["create"]:
        raise PlistError(f"{path} does not exist; set create to true to make it")
    if not check_mode and file_goes and not new:
        path.unlink()
    elif not check_mode:
        write(path, new, form)
        if not same(load(path)[0], new):
            raise PlistError(f"{path} was written, but something else is in it now: stop the program that has it open")
    diff = {"before_header": str(path), "after_header": str(path), "before": shown(before), "after": shown(after)}
    return {"changed": True, "created": created, "format": form or "xml", "diff": diff}


def check_values(values: list[dict[str, Any]]) -> None:
    """Raise PlistError for what no property list can hold."""
    for item in values:
        name = "/".join(item["key"])
        if not item["key"] or "" in item["key"]:
            raise PlistError("values: a key is empty; name at least one key, and none of them as empty text")
        if item["state"] == "present":
            check_type(item["value"], name)


def check_type(value: Any, name: str) -> None:
    """Raise PlistError for null and for other things that are no value of a property list."""
    if type(value) not in TYPES:
        what = "missing or null" if value is None else f"a {type(value).__name__}"
        raise PlistError(f"values: the value of {name} is {what}; allowed are {', '.join(sorted(TYPES.values()))}")
    if isinstance(value, list):
        for number, item in enumerate(value):
            check_type(item, f"{name}/{number}")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise PlistError(f"values: the key {key!r} below {name} is not text; put it in quotes")
            check_type(item, f"{name}/{key}")


def load(path: Path) -> tuple[dict[str, Any] | None, str | None]:
    """Return (data, format), or (None, None) without a file. Raises PlistError for what is no dictionary."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None, None
    try:
        data = plistlib.loads(content)
    except Exception as error:  # plistlib lets errors of a dozen kinds through for garbage
        reason = str(error) or type(error).__name__
        raise PlistError(f"{path} is not a property list ({reason}); move it away and run again") from error
    if not isinstance(data, dict):
        raise PlistError(f"{path} holds a {type(data).__name__}, not a dictionary; move it away and run again")
    return data, "binary" if content.startswith(b"bplist") else "xml"


def put(data: dict[str, Any], key: list[str], value: Any, path: Path) -> Any:
    """Set (or with ABSENT remove) one value in `data`; return what was there, ABSENT for nothing."""
    for depth, part in enumerate(key[:-1]):
        if part not in data:
            if value is ABSENT:
                return ABSENT
            data[part] = {}
        data = data[part]
        if not isinstance(data, dict):
            name, kind = "/".join(key[: depth + 1]), TYPES.get(type(data), type(data).__name__)
            raise PlistError(f"{name} in {path} is a {kind}, not a dictionary; remove it first")
    old = data.get(key[-1], ABSENT)
    if value is ABSENT:
        data.pop(key[-1], None)
    elif not same(old, value):
        data[key[-1]] = value
    return old


def prune(data: dict[str, Any], key: list[str], levels: int) -> bool:
    """Take away the dictionaries above a removed value that are empty now; say whether the file may go, too."""
    for depth in range(len(key), max(len(key) - levels, 0), -1):
        above = data
        for part in key[: depth - 1]:
            above = above[part]
        if above[key[depth - 1]]:
            return False
        del above[key[depth - 1]]
    return levels > len(key)


def same(left: Any, right: Any) -> bool:
    """Say whether two values are equal and of the same types throughout: 1, 1.0 and true are three values."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def write(path: Path, data: dict[str, Any], form: str | None) -> None:
    """Replace the file in one step. An old one keeps owner, group, mode and format; without `form` there is none."""
    if form:
        status = path.stat()
        uid, gid, mode = status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)
    else:
        uid, gid, mode = os.geteuid(), os.getegid(), 0o644
        make_folders(path.parent, uid, gid)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            plistlib.dump(data, file, fmt=FORMATS[form or "xml"], sort_keys=False)
            file.flush()
            os.fsync(file.fileno())
        give(temporary, uid, gid)
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def make_folders(folder: Path, uid: int, gid: int) -> None:
    """Make the missing folders above a new file."""
    if not folder.is_dir():
        make_folders(folder.parent, uid, gid)
        folder.mkdir()
        folder.chmod(0o755)
        give(folder, uid, gid)


def give(path: Path, uid: int, gid: int) -> None:
    """Set owner and group, unless they are right: only root may."""
    status = path.stat()
    if (status.st_uid, status.st_gid) != (uid, gid):
        os.chown(path, uid, gid)


def shown(value: Any) -> Any:
    """Return a value for the diff, in JSON's types: bytes and dates as text, what is absent left out."""
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items() if item is not ABSENT}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return value if isinstance(value, (str, bool, int, float)) else repr(value)


if __name__ == "__main__":
    main()
