"""Action plugin `anonymous_state`: a state file of a user without anybody in it (state.anonymous), and what was asked.

What the inventory wants of the laptop is the service's own and stays, so that the document is judged as before.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ..plugin_utils.controls.desired import Roles, platform_by
from ..plugin_utils.controls.role_data import RoleError
from ..plugin_utils.records.records import replaced
from ..plugin_utils.state.anonymous import NotAnonymousError, anonymous, wanted_names
from ..plugin_utils.state.check_request import CheckError, read_key
from ..plugin_utils.state.state_files import found_in, read_file

ARGUMENTS = {
    "file": {"type": "path", "required": True},
    "key": {"type": "path", "required": True},
    "dest": {"type": "path", "required": True},
}


class ActionModule(ActionBase):
    """Read, replace, write; on the controller only."""

    _requires_connection = False
    _supports_check_mode = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return where the document is."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(ARGUMENTS)
        files, refused = found_in([args["file"]], task_vars["groups"].get("laptops", []))
        if refused:
            raise AnsibleActionFail(refused[0])
        (endpoint,) = files
        known = task_vars["hostvars"].raw_get(endpoint)
        platform = platform_by(known)
        try:
            checked = read_file(args["file"], endpoint, platform, read_key(args["key"]), datetime.now(UTC))
            roles = Roles(known, self._loader)
            names = Templar(loader=self._loader, variables=known).template(known["endpoint_roles"])
            wanted = [roles.desired(role, platform) for role in names]
            keep = {*wanted_names([[one["controls"], one["reads"]] for one in wanted])}
            content = {"document": anonymous(checked.document, keep), "reads": checked.request.reads}
            with replaced(args["dest"]) as file:
                file.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
        except (CheckError, NotAnonymousError, RoleError) as error:
            raise AnsibleActionFail(str(error)) from error
        except OSError as error:
            raise AnsibleActionFail(f"{args['dest']} cannot be written ({error.strerror or error})") from error
        return {"changed": True, "path": args["dest"]}
