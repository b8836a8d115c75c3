"""Action plugin `self_check_package`: the file that a laptop's user runs, with the request that an audit would send.

Works out what the laptop's roles want to read, as endpoint_compare does, signs it (state.check_request), and writes the
package (state.check_package). On the controller only; each run makes a new request, and earlier ones stay good.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..plugin_utils.controls.desired import Roles, platform_by
from ..plugin_utils.controls.role_data import RoleError, role_folder
from ..plugin_utils.records.records import allowed
from ..plugin_utils.state.check_package import package, whole_request
from ..plugin_utils.state.check_request import CheckError, make_key, sign
from ..plugin_utils.state.reader import READERS, request_of
from ..plugin_utils.state.state_files import stem_of

ARGUMENTS = {
    "roles": {"type": "list", "elements": "str", "required": True},
    "directory": {"type": "path", "required": True},
    "key": {"type": "path", "required": True},
    "good_days": {"type": "int", "default": 90},
    "words": {"type": "dict", "required": True},
}
ENDINGS = {"Windows": "ps1", "Darwin": "py"}
STARTS = {"Windows": "check.cmd", "Darwin": "check.command"}
MODULES = Path(__file__).resolve().parents[1] / "modules"


class ActionModule(ActionBase):
    """Work out, sign, write; on the controller only."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return where the file is; in check mode where it would be."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(ARGUMENTS)
        platform, endpoint, now = platform_by(task_vars), str(task_vars["inventory_hostname"]), datetime.now(UTC)
        roles = Roles(task_vars, self._loader)
        if self._task.check_mode:
            return {"changed": True}
        try:
            wanted = [roles.desired(role, platform)["reads"] for role in args["roles"]]
            reads = whole_request(platform, request_of(platform, wanted))
            key = make_key(args["key"])
            token = sign(endpoint, platform, reads, key=key, now=now, days=args["good_days"])
            stem, texts = stem_of(endpoint), parts(platform)
            name, content = package(platform, stem, token=token, words=args["words"], parts=texts, now=now)
            path = Path(args["directory"]) / name
            write(path, content)
        except (CheckError, RoleError) as error:
            raise AnsibleActionFail(str(error)) from error
        except OSError as error:
            raise AnsibleActionFail(
                f"{error.filename or args['directory']} cannot be written ({error.strerror or error}). Give this user "
                "the right to write there, or name another folder: -e self_check_directory=PATH"
            ) from error
        return {"changed": True, "path": str(path)}


def parts(platform: str) -> Mapping[str, str]:
    """Return the texts that a package is made of."""
    files, ending = role_folder("self_check") / "files", ENDINGS[platform]
    places = {
        "reader": MODULES / f"{READERS[platform]}.{ending}",
        "start": files / STARTS[platform],
        "check": files / f"check.{ending}",
    }
    return {name: place.read_text(encoding="utf-8") for name, place in places.items()}


def write(path: Path, content: bytes) -> None:
    """Write a file whole, for whom the umask says, but never for everybody."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(allowed(0o640))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
