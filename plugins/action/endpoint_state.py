"""Action plugin `endpoint_state`: what one endpoint *is*, in one remote call, shared by all roles of a run.

Arguments: `roles`, whose `__<role>_reads` (vars/Windows.yml, vars/Darwin.yml) are read; `refresh`, to read although an
earlier task did; `timeout_seconds` for the endpoint's port, 0 to leave it untried (behind a jump host); `assume`, in
check mode: part of a document to lay over what was read, so that a dry run knows what an earlier role would have done.

The answer is `ansible_facts.endpoint_state`: {"reachable": bool, "error": text or null, "platform": "Windows" or
"Darwin", "roles": [covered roles], "document": the state document or null}. An endpoint that does not answer, or
answers with something else, is an answer and no failure: the run goes on and the records say so.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.vars import merge_hash

from ..plugin_utils.controls.role_data import COLLECTION, RoleError, role_data, role_folder
from ..plugin_utils.state.document import check_document
from ..plugin_utils.state.request import MEMORY_READS

READERS = {"Windows": "win_endpoint_state", "Darwin": "mac_endpoint_state"}
FIELDS = {
    "Windows": ("registry", "user_registry", "services", "groups", "files", "appx"),
    "Darwin": ("plists", "files", "tools"),
}
NO_PYTHON = (
    "the Mac has no usable Python where ansible_python_interpreter points to: run playbooks/macos_python.yml for it, "
    "and put the line that it tells into the inventory"
)
DEFAULT_PORTS = {"winrm": 5986, "psrp": 5986, "ssh": 22}
ARGUMENTS = {
    "roles": {"type": "list", "elements": "str", "required": True},
    "refresh": {"type": "bool", "default": False},
    "timeout_seconds": {"type": "int", "default": 5},
    "assume": {"type": "dict"},
}


class ActionModule(ActionBase):
    """Probe, read, check; never changes anything, so check mode is the same."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the state as a fact."""
        super().run(tmp, task_vars)
        task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(ARGUMENTS)
        known = task_vars.get("ansible_facts", {}).get("endpoint_state")
        if args["assume"] and self._task.check_mode and known and known["document"]:
            return answer({**known, "document": merge_hash(known["document"], args["assume"])})
        if covers(known, args["roles"]) and not args["refresh"]:
            return answer(known)

        platform = "Windows" if getattr(self._connection._shell, "_IS_WINDOWS", False) else "Darwin"
        roles = sorted({*args["roles"], *(known or {}).get("roles", [])})
        state: dict[str, Any] = {
            "reachable": False,
            "error": None,
            "platform": platform,
            "roles": roles,
            "document": None,
        }
        memory = {field: entries for field, entries in MEMORY_READS.items() if field in FIELDS[platform]}
        request = merge_reads([memory, *(self._reads(role, platform) for role in roles)])
        state["error"] = self._probe(args["timeout_seconds"])
        if state["error"] is None:
            self._read(READERS[platform], request, task_vars, state)
        return answer(state)

    def _read(self, module: str, request: dict[str, Any], task_vars: dict[str, Any], state: dict[str, Any]) -> None:
        """Run the reader and put what came of it into `state`."""
        try:
            result = self._execute_module(
                module_name=f"{COLLECTION}.{module}", module_args=request, task_vars=task_vars
            )
        except Exception as failure:
            if not is_connection_failure(failure):
                raise
            state["error"] = lost(failure)
            return
        state["reachable"] = True
        if result.get("failed") or "document" not in result:
            said = str(result.get("msg") or result.get("module_stderr") or "it said nothing").strip()
            state["error"] = f"{module} could not read the endpoint: {said}"
            if state["platform"] == "Darwin" and lacks_python(result):
                state["error"] = NO_PYTHON
            return
        problems = check_document(result["document"])
        if problems:
            state["error"] = f"{module} returned a document that this controller cannot use: {'; '.join(problems[:3])}"
        else:
            state["document"] = result["document"]

    def _probe(self, timeout_seconds: int) -> str | None:
        """Return why no TCP connection to the endpoint can be made, or None when it can (or when it is not TCP)."""
        transport = self._connection.transport.rpartition(".")[2]
        if transport not in DEFAULT_PORTS or timeout_seconds == 0:
            return None
        host = self._connection.get_option("host" if transport == "ssh" else "remote_addr")
        port = int(self._connection.get_option("port") or DEFAULT_PORTS[transport])
        return probe(host, port, timeout_seconds)

    def _reads(self, role: str, platform: str) -> dict[str, Any]:
        """Return what `role` wants to know of a machine of this platform: `__<role>_reads` in its vars file."""
        try:
            folder = role_folder(role)
        except RoleError as error:
            raise AnsibleActionFail(f"endpoint_state: {error}") from error
        name = f"vars/{platform}.yml"
        variables = role_data(folder, name, self._loader)
        reads = variables.get(f"__{role}_reads") or {}
        fields = FIELDS[platform]
        unknown = sorted(set(reads) - set(fields))
        if unknown:
            raise AnsibleActionFail(
                f"{folder / name}: __{role}_reads has {', '.join(unknown)}; allowed are {', '.join(fields)}. "
                "Correct the role."
            )
        return dict(reads)


def covers(known: Any, roles: list[str]) -> bool:
    """Say whether the fact of an earlier task already answers for all `roles`."""
    return isinstance(known, Mapping) and set(roles) <= set(known.get("roles", []))


def answer(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task's result around a state."""
    return {"changed": False, "ansible_facts": {"endpoint_state": dict(state)}}


def merge_reads(reads: list[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Merge what several roles ask for into one request; the same path is read once, with the wider of both asks.

    >>> merge_reads([{"registry": [{"path": "A", "values": ["x"]}]}, {"registry": [{"path": "A", "depth": 1}]}])
    {'registry': [{'path': 'A', 'values': ['*'], 'depth': 1}]}
    """
    merged: dict[str, list[Any]] = {}
    for read in reads:
        for field, entries in read.items():
            target = merged.setdefault(field, [])
            for entry in entries:
                if isinstance(entry, str):
                    if entry not in target:
                        target.append(entry)
                else:
                    _merge_path(target, entry, "keys" if field == "plists" else "values")
    return merged


def _merge_path(target: list[Any], entry: Mapping[str, Any], names: str) -> None:
    fresh = {**entry, names: list(entry.get(names, ["*"] if names == "values" else []))}
    for known in target:
        if known["path"] == fresh["path"]:
            both = known[names] + [name for name in fresh[names] if name not in known[names]]
            known[names] = ["*"] if "*" in both else both
            if "depth" in known or "depth" in fresh:
                known["depth"] = max(known.get("depth", 0), fresh.get("depth", 0))
            return
    target.append(fresh)


def probe(host: str, port: int, timeout_seconds: int) -> str | None:
    """Return why nobody answers at host:port, with what to do about it, or None when somebody does."""
    try:
        socket.create_connection((host, port), timeout=timeout_seconds).close()
    except socket.gaierror:
        return f"the name {host} has no address: correct ansible_host in the inventory, or the controller's DNS"
    except ConnectionRefusedError:
        return (
            f"{host} refuses port {port}: the machine is on, but nothing listens there. "
            "Enable WinRM over HTTPS (on a Mac: Remote Login), or correct ansible_port"
        )
    except TimeoutError:
        return (
            f"no answer from {host} port {port} in {timeout_seconds} s: the machine is off, asleep, or in a network "
            "that the controller cannot reach. Switch it on, connect it, and run again"
        )
    except OSError as failure:
        return f"{host} port {port} cannot be reached ({failure.strerror or failure}): check this controller's network"
    return None


def is_connection_failure(failure: BaseException) -> bool:
    """Say whether the way to the endpoint broke, and not something on this controller.

    Ansible's winrm connection raises plain AnsibleError for a connection that times out, and lets what requests (an
    OSError) and pywinrm (an HTTP 500 in mid-call, say) raise pass through.
    """
    if isinstance(failure, AnsibleConnectionFailure | OSError) or type(failure) is AnsibleError:
        return True
    return type(failure).__module__.partition(".")[0] in ("winrm", "pypsrp")


def lacks_python(result: Mapping[str, Any]) -> bool:
    """Say whether a module failed for want of Python: no such file, or Apple's stub, which asks for developer tools.

    The stub's text comes on standard error; Ansible says only that there was no JSON
    (docs/sources/macos.md#python-on-a-mac).
    """
    told = " ".join(str(result.get(name, "")) for name in ("msg", "module_stderr", "module_stdout", "exception"))
    return "The module interpreter" in told or "no developer tools were found" in told


def lost(failure: BaseException) -> str:
    """Return a connection's failure in words, with its cause."""
    cause = failure.message if isinstance(failure, AnsibleError) else str(failure)
    return (
        f"the endpoint answers, but the connection failed: {cause.strip()}. "
        "Check the user name and password, the certificate authority, and that the machine stays on"
    )
