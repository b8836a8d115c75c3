"""What one endpoint *is*, read in one remote call by the reader for its platform.

An endpoint that does not answer, or answers with something else, is an answer and no failure: {"reachable": bool,
"error": text or null, "platform": "Windows" or "Darwin", "document": the state document or null}.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ..values.bounded import cut, masked, too_deep
from ..values.causes import explained
from .document import check_document
from .request import MEMORY_READS
from .task_results import said
from .transports import DEFAULT_PORTS, goes_around, listener

READERS = {"Windows": "win_endpoint_state", "Darwin": "mac_endpoint_state"}
FIELDS = {
    "Windows": ("registry", "user_registry", "services", "groups", "files", "appx", "networks"),
    "Darwin": ("plists", "files", "tools"),
}
NO_PYTHON = (
    "the Mac has no usable Python where ansible_python_interpreter points to: run playbooks/macos_python.yml for it, "
    "and put the line that it shows into the inventory"
)
ODD_ANSWER = "Look at the endpoint itself: something there makes answers of its own, or stores what no program can read"
# What an endpoint is not like goes to the terminal and into records; the sentence counts, not what it quotes.
LONGEST_ERROR = 2000


def platform_of(connection: Any) -> str:
    """Return the platform that a connection leads to, by its shell."""
    return "Windows" if getattr(connection._shell, "_IS_WINDOWS", False) else "Darwin"


class Reader:
    """Probe, read, check, by the connection of an action plugin; never changes anything."""

    def __init__(self, action: Any, task_vars: dict[str, Any], timeout_seconds: int) -> None:
        """`timeout_seconds` is for the endpoint's port; 0 leaves it untried."""
        self._action = action
        self._task_vars = task_vars
        self._timeout_seconds = timeout_seconds
        self.platform = platform_of(action._connection)

    def read(self, reads: list[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what there is of all that is asked for; the memory of what was there before is always asked for."""
        state: dict[str, Any] = {"reachable": False, "error": None, "platform": self.platform, "document": None}
        state["error"] = self._probe()
        if state["error"] is None:
            self._ask(request_of(self.platform, reads), state)
        return state

    def _ask(self, request: dict[str, Any], state: dict[str, Any]) -> None:
        """Run the reader and put what came of it into `state`."""
        module = READERS[self.platform]
        try:
            result = self._action._execute_module(
                module_name=f"offsite.endpoints.{module}", module_args=request, task_vars=self._task_vars
            )
        except Exception as failure:
            if is_connection_failure(failure):
                state["error"] = short(lost(failure))
                return
            if not is_of_the_answer(failure):
                raise
            state["reachable"] = True
            what = f"{type(failure).__name__}: {failure}"
            state["error"] = short(f"{module} gave an answer that Ansible cannot take in: {what}. {ODD_ANSWER}")
            return
        state["reachable"] = True
        if result.get("failed") or "document" not in result:
            state["error"] = short(f"{module} could not read the endpoint: {said(result)}")
            if self.platform == "Darwin" and lacks_python(result):
                state["error"] = NO_PYTHON
            return
        deep = too_deep(result["document"])
        problems = (
            [f"{deep} is nested deeper than anything that is read"] if deep else check_document(result["document"])
        )
        if problems:
            words = f"{module} returned a document that this controller cannot use: {'; '.join(problems[:3])}"
            state["error"] = short(words)
        else:
            state["document"] = result["document"]

    def _probe(self) -> str | None:
        """Return why no TCP connection to the endpoint can be made, or None when it can, or that cannot be tried."""
        connection = self._action._connection
        transport = connection.transport.rpartition(".")[2]
        if (
            transport not in DEFAULT_PORTS
            or self._timeout_seconds == 0
            or goes_around(transport, connection.get_option)
        ):
            return None
        host = connection.get_option("host" if transport == "ssh" else "remote_addr")
        port = int(connection.get_option("port") or DEFAULT_PORTS[transport])
        return probe(host, port, self._timeout_seconds, listener(self.platform, transport))


def request_of(platform: str, reads: list[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return what a reader is asked for: what all roles want, and the memory of what was there before."""
    memory = {field: entries for field, entries in MEMORY_READS.items() if field in FIELDS[platform]}
    return merge_reads([memory, *reads])


def covers(asked: Mapping[str, Any], reads: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether an answer to one request answers others, too: whether those add nothing to it.

    >>> covers({"registry": [{"path": "A", "depth": 1}]}, [{"registry": [{"path": "A", "values": ["x"]}]}])
    True
    """
    # Merged with itself it has the form that it has with the others.
    return merge_reads([asked, asked, *reads]) == merge_reads([asked, asked])


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
            without = _left_out_by_both(known, fresh, names)
            known.pop("without", None)
            if without:
                known["without"] = without
            known[names] = ["*"] if "*" in both and not without else both
            if "depth" in fresh:
                known["depth"] = max(known.get("depth", 0), fresh["depth"])
            return
    target.append(fresh)


def _left_out_by_both(known: Mapping[str, Any], fresh: Mapping[str, Any], names: str) -> list[str]:
    """Return which values may be left out by their text: those that nobody wants who asks for all values."""
    wishes = [entry.get("without", []) for entry in (known, fresh) if "*" in entry[names]]
    return [pattern for pattern in wishes[0] if all(pattern in wish for wish in wishes)] if wishes else []


def probe(host: str, port: int, timeout_seconds: int, cure: str) -> str | None:
    """Return why nobody answers at host:port, with what to do about it, or None when somebody does.

    `cure` says how to have somebody listen there.
    """
    try:
        socket.create_connection((host, port), timeout=timeout_seconds).close()
    except socket.gaierror:
        return f"the name {host} has no address: correct ansible_host in the inventory, or the controller's DNS"
    except ConnectionRefusedError:
        return (
            f"{host} refuses port {port}: the machine is on, but nothing listens there. {cure}, or correct ansible_port"
        )
    except TimeoutError:
        return (
            f"no answer from {host} port {port} in {timeout_seconds} s: the machine is off, asleep, or in a network "
            "that the controller cannot reach. Switch it on, connect it, and run again. If it is on, its firewall may "
            "keep this controller out: enroll/windows.ps1 -Controller"
        )
    except OSError as failure:
        return f"{host} port {port} cannot be reached ({failure.strerror or failure}): check this controller's network"
    return None


def short(words: str) -> str:
    """Return an endpoint's words as a person is shown them."""
    return cut(masked(words), LONGEST_ERROR)


def is_of_the_answer(failure: BaseException) -> bool:
    """Say whether Ansible stumbled over what a module answered: text that is none, depth without end, types of its own.

    Ansible has no exception for that; but it says where it was.
    """
    trace, where = failure.__traceback__, ""
    while trace is not None:
        where = trace.tb_frame.f_code.co_name
        if where in ("_parse_returned_data", "remove_internal_keys", "as_result_dict"):
            return True
        trace = trace.tb_next
    # There core 2.19 parts stdout and stderr into lines, whatever they are.
    return where == "_execute_module" and isinstance(failure, AttributeError)


def is_connection_failure(failure: BaseException) -> bool:
    """Say whether the way to the endpoint broke, and not something on this controller.

    Ansible's winrm connection raises plain AnsibleError for a connection that times out. It and psrp let what requests
    (an OSError), pywinrm and pypsrp (an HTTP 500 in mid-call, say) raise pass through.
    """
    if isinstance(failure, AnsibleConnectionFailure | OSError) or type(failure) is AnsibleError:
        return True
    return type(failure).__module__.partition(".")[0] in ("winrm", "pypsrp")


def lacks_python(result: Mapping[str, Any]) -> bool:
    """Say whether a module failed for want of Python: no such file, or Apple's stub, which asks for developer tools.

    The stub's text comes on standard error; Ansible says only that there was no JSON
    (docs/sources/macos.md#python-on-a-mac).
    """
    reported = " ".join(str(result.get(name, "")) for name in ("msg", "module_stderr", "module_stdout", "exception"))
    return "The module interpreter" in reported or "no developer tools were found" in reported


def lost(failure: BaseException) -> str:
    """Return a connection's failure in words, with its cause and what to do about it."""
    text = f"the endpoint answers, but the connection failed: {str(failure).strip()}"
    known = explained(text)
    if known != text:
        return known
    return f"{text}. Check the user name and password, the certificate authority, and that the machine stays on"
