"""endpoint_state: one call for all roles, and no failure for an endpoint that does not answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail, AnsibleAuthenticationFailure, AnsibleConnectionFailure, AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase

from plugins.action import endpoint_state
from plugins.action.endpoint_state import ActionModule, merge_reads, probe
from plugins.plugin_utils.controls import role_data
from plugins.plugin_utils.state.document import check_document

WINDOWS: dict[str, Any] = {
    "schema": 1,
    "platform": "Windows",
    **{name: {} for name in ("system", "registry", "users", "services", "groups", "reboot_pending", "tunnel")},
}
MAC: dict[str, Any] = {"schema": 1, "platform": "Darwin", "console_user": None} | {
    name: {} for name in ("system", "plists", "files", "tools", "tunnel")
}
MEMORY_KEY = r"HKLM\SOFTWARE\OffsiteEndpoints\Before"
MEMORY_PLIST = "/Library/Application Support/OffsiteEndpoints/before.plist"


class Endpoint:
    """Stands in for everything that Ansible gives an action plugin; `calls` are the modules that were run."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answer: Any = {"document": WINDOWS}
        self.windows = True
        self.options: dict[str, Any] = {"remote_addr": "127.0.0.1", "host": "127.0.0.1", "port": 1}
        self.transport = "local"
        self.loader = DataLoader()

    def run(self, *roles: str, facts: dict[str, Any] | None = None, **args: Any) -> dict[str, Any]:
        action = object.__new__(ActionModule)
        shell = SimpleNamespace(_IS_WINDOWS=True) if self.windows else SimpleNamespace()
        action._connection = SimpleNamespace(
            _shell=shell,
            transport=self.transport,
            get_option=self.options.__getitem__,
        )
        action._loader = self.loader
        action._task = SimpleNamespace(args={"roles": list(roles)} | args)
        action._execute_module = self._execute
        result = action.run(task_vars={"ansible_facts": facts or {}})
        assert result["changed"] is False
        return result["ansible_facts"]["endpoint_state"]

    def _execute(self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((module_name, module_args))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
    monkeypatch.setattr(role_data, "ROLES", tmp_path / "roles")
    add_role(tmp_path, "vpn", registry=[{"path": r"HKLM\V", "depth": 1}], services=["FA_Scheduler"])
    add_role(tmp_path, "smb", registry=[{"path": r"HKLM\S", "values": ["A*"]}], services=["LanmanServer"])
    (tmp_path / "roles/vpn/vars/Darwin.yml").write_text("__vpn_reads: {plists: [{path: /x, keys: [A]}], files: [/f]}\n")
    return Endpoint()


def add_role(folder: Path, name: str, **reads: Any) -> None:
    variables = folder / "roles" / name / "vars"
    variables.mkdir(parents=True)
    content = {f"__{name}_reads": reads, f"__{name}_controls": [{"expected": "{{ nothing }}"}]}
    (variables / "Windows.yml").write_text(yaml.safe_dump(content))


def test_all_roles_are_read_in_one_call_with_the_memory(endpoint: Endpoint) -> None:
    state = endpoint.run("vpn", "smb")
    assert state == {
        "reachable": True,
        "error": None,
        "platform": "Windows",
        "roles": ["smb", "vpn"],
        "document": WINDOWS,
    }
    request = {
        "registry": [
            {"path": MEMORY_KEY, "values": ["*"]},
            {"path": r"HKLM\S", "values": ["A*"]},
            {"path": r"HKLM\V", "values": ["*"], "depth": 1},
        ],
        "services": ["LanmanServer", "FA_Scheduler"],
    }
    assert endpoint.calls == [("offsite.endpoints.win_endpoint_state", request)]


def test_a_mac_gets_the_other_reader_and_a_role_without_mac_reads_asks_nothing(endpoint: Endpoint) -> None:
    endpoint.windows, endpoint.answer = False, {"document": MAC}
    assert endpoint.run("vpn", "smb")["document"] == MAC
    request = {"plists": [{"path": MEMORY_PLIST, "keys": ["*"]}, {"path": "/x", "keys": ["A"]}], "files": ["/f"]}
    assert endpoint.calls == [("offsite.endpoints.mac_endpoint_state", request)]


def test_what_was_read_before_is_given_again_without_a_call(endpoint: Endpoint) -> None:
    first = endpoint.run("vpn", "smb")
    assert endpoint.run("smb", facts={"endpoint_state": first}) == first
    assert len(endpoint.calls) == 1


def test_an_endpoint_that_did_not_answer_is_not_asked_again(endpoint: Endpoint) -> None:
    endpoint.answer = AnsibleConnectionFailure("no")
    first = endpoint.run("vpn")
    assert endpoint.run("vpn", facts={"endpoint_state": first}) == first
    assert len(endpoint.calls) == 1


def test_a_role_that_was_not_covered_is_read_with_the_ones_that_were(endpoint: Endpoint) -> None:
    first = endpoint.run("vpn")
    second = endpoint.run("smb", facts={"endpoint_state": first})
    assert second["roles"] == ["smb", "vpn"]
    assert endpoint.calls[1][1]["services"] == ["LanmanServer", "FA_Scheduler"]


def test_refresh_reads_again(endpoint: Endpoint) -> None:
    first = endpoint.run("vpn")
    endpoint.run("vpn", refresh=True, facts={"endpoint_state": first})
    assert len(endpoint.calls) == 2


WinRMError = type("WinRMTransportError", (Exception,), {"__module__": "winrm.exceptions"})


@pytest.mark.parametrize(
    "failure",
    [
        AnsibleConnectionFailure("ntlm: connection refused"),
        AnsibleAuthenticationFailure("the specified credentials were rejected"),
        AnsibleError("the connection attempt timed out"),
        ConnectionResetError("reset by peer"),
        TimeoutError("read timed out"),
        WinRMError("Code 500"),
    ],
)
def test_a_connection_that_fails_is_an_answer_with_its_reason(endpoint: Endpoint, failure: Exception) -> None:
    endpoint.answer = failure
    state = endpoint.run("vpn")
    assert (state["reachable"], state["document"], state["platform"]) == (False, None, "Windows")
    assert str(failure) in state["error"]
    assert "Check the user name and password" in state["error"]


def test_an_error_of_this_controller_is_not_blamed_on_the_endpoint(endpoint: Endpoint) -> None:
    endpoint.answer = ValueError("a defect")
    with pytest.raises(ValueError, match="a defect"):
        endpoint.run("vpn")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"failed": True, "msg": "PowerShell 5.1 is needed"}, "PowerShell 5.1 is needed"),
        ({"failed": True, "module_stderr": "stub"}, "stub"),
        ({"changed": False}, "it said nothing"),
        ({"document": None}, "missing or null, not an object"),
        ({"document": WINDOWS | {"schema": 2}}, "schema 2; this controller reads schema 1"),
        ({"document": {k: v for k, v in WINDOWS.items() if k != "users"}}, "has no 'users'"),
    ],
)
def test_an_answer_that_is_no_document_is_an_error_and_never_a_document(
    endpoint: Endpoint, answer: dict[str, Any], words: str
) -> None:
    endpoint.answer = answer
    state = endpoint.run("vpn")
    assert (state["reachable"], state["document"]) == (True, None)
    assert words in state["error"]


NO_JSON = "Module result deserialization failed: No start of json char found"
STUB = "xcode-select: note: no developer tools were found at '/Applications/Xcode.app', requesting install."
STUB_ALONE = (
    "xcode-select: error: no developer tools were found, and no install could be requested (perhaps no UI is present)"
)


@pytest.mark.parametrize(
    "result",
    [
        {"failed": True, "msg": "The module interpreter '/usr/local/bin/python3' was not found.", "rc": 127},
        {"failed": True, "msg": NO_JSON, "module_stderr": STUB, "rc": 1},
        {"failed": True, "msg": "MODULE FAILURE\nSee stdout/stderr for the exact error", "module_stderr": STUB_ALONE},
    ],
)
def test_a_mac_without_python_is_told_how_it_gets_one(endpoint: Endpoint, result: dict[str, Any]) -> None:
    endpoint.windows, endpoint.answer = False, result
    error = endpoint.run("vpn")["error"]
    assert "playbooks/macos_python.yml" in error
    assert error.startswith("the Mac has no usable Python")


def test_other_failures_of_a_module_keep_their_own_words(endpoint: Endpoint) -> None:
    endpoint.windows = False
    endpoint.answer = {"failed": True, "msg": NO_JSON, "module_stderr": "Traceback", "rc": 1}
    assert endpoint.run("vpn")["error"] == f"mac_endpoint_state could not read the endpoint: {NO_JSON}"


def test_an_unknown_role_is_refused_with_those_that_there_are(endpoint: Endpoint) -> None:
    with pytest.raises(AnsibleActionFail, match=r"no role 'vnp' in offsite\.endpoints; there are smb, vpn"):
        endpoint.run("vnp")


def test_an_unknown_kind_of_read_is_refused(endpoint: Endpoint, tmp_path: Path) -> None:
    add_role(tmp_path, "bad", plists=[])
    with pytest.raises(AnsibleActionFail, match=r"__bad_reads has plists; allowed are registry, user_registry"):
        endpoint.run("bad")


def test_the_same_path_is_read_once_with_the_wider_of_both_asks() -> None:
    one: dict[str, Any] = {
        "registry": [{"path": "A", "values": ["x"]}, {"path": "B"}],
        "plists": [{"path": "P", "keys": ["a"]}],
    }
    two = {"registry": [{"path": "A", "values": ["x", "y"], "depth": 1}], "plists": [{"path": "P", "keys": ["b"]}]}
    assert merge_reads([one, two]) == {
        "registry": [{"path": "A", "values": ["x", "y"], "depth": 1}, {"path": "B", "values": ["*"]}],
        "plists": [{"path": "P", "keys": ["a", "b"]}],
    }
    assert one["registry"][0] == {"path": "A", "values": ["x"]}


def test_a_plist_without_allowed_keys_does_not_become_all_keys() -> None:
    assert merge_reads([{"plists": [{"path": "P"}]}]) == {"plists": [{"path": "P", "keys": []}]}


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_port_that_answers_is_no_error(listener: socket.socket) -> None:
    assert probe("127.0.0.1", listener.getsockname()[1], 1) is None


def test_a_closed_port_is_told_with_its_cure(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    assert "the machine is on, but nothing listens there. Enable WinRM" in str(probe("127.0.0.1", port, 1))


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (socket.gaierror(-2, "unknown"), "the name pc.invalid has no address: correct ansible_host"),
        (TimeoutError(), "no answer from pc.invalid port 5986 in 5 s: the machine is off, asleep"),
        (OSError(101, "Network is unreachable"), "cannot be reached (Network is unreachable)"),
    ],
)
def test_why_nobody_answers_is_told_in_words(failure: Exception, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise failure

    monkeypatch.setattr(socket, "create_connection", fail)
    assert words in str(probe("pc.invalid", 5986, 5))


@pytest.mark.parametrize(
    ("transport", "port", "tried"),
    [
        ("winrm", 5986, 5986),
        ("psrp", None, 5986),
        ("ssh", None, 22),
        ("ansible.builtin.ssh", 2222, 2222),
        ("local", 1, 0),
    ],
)
def test_the_port_of_each_connection_is_tried_before_the_call(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, transport: str, port: int | None, tried: int
) -> None:
    asked: list[int] = []

    def refuse(_host: str, number: int, _timeout_seconds: int) -> str:
        asked.append(number)
        return "nobody"

    monkeypatch.setattr(endpoint_state, "probe", refuse)
    endpoint.transport, endpoint.options["port"] = transport, port
    state = endpoint.run("vpn")
    assert asked == ([tried] if tried else [])
    assert (state["reachable"], state["error"]) == ((False, "nobody") if tried else (True, None))
    assert len(endpoint.calls) == (0 if tried else 1)


def test_no_timeout_no_try_of_the_port(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_state, "probe", lambda *_arguments: "nobody")
    endpoint.transport = "ssh"
    assert endpoint.run("vpn", timeout_seconds=0)["reachable"] is True


KEY = {"exists": True, "values": {"A": {"type": "REG_SZ", "data": "x"}}, "keys": {}}


@pytest.mark.parametrize(
    "nodes",
    [
        {"registry": {"HKLM\\A": KEY, "HKLM\\B": {"exists": False}, "HKLM\\C": {"error": "access denied"}}},
        {"registry": {"HKLM\\A": {**KEY, "keys": {"error": KEY}, "values": {"error": {"error": "x"}}}}},
        {"registry": {"error": "no"}, "users": {"error": "no"}, "tunnel": {"error": "no"}},
        {"users": {"default": {"error": "no"}, "S-1-5-21-1": {"registry": {"Software": KEY}}}},
        {"groups": {"S-1-5-32-555": {"exists": True, "name": "x", "members": []}}},
    ],
)
def test_documents_with_errors_in_their_nodes_are_whole(nodes: dict[str, Any]) -> None:
    assert check_document(WINDOWS | nodes) == []


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "the reader returned a list, not an object"),
        (WINDOWS | {"schema": True}, "schema True"),
        (WINDOWS | {"platform": "Linux"}, "platform 'Linux'; allowed are Windows, Darwin"),
        (WINDOWS | {"services": []}, "'services' is a list, not an object"),
        (WINDOWS | {"services": {"A": {}}}, "'services.A' has neither 'exists' nor 'error'"),
        (WINDOWS | {"registry": {"A": {}}}, "'registry.A' has neither 'exists' nor 'error'"),
        (WINDOWS | {"registry": {"A": {"exists": True, "keys": {}}}}, "'registry.A.values' is missing or null"),
        (
            WINDOWS | {"registry": {"A": {**KEY, "values": {"B": "x"}}}},
            "'registry.A.values.B' has no 'type' and 'data'",
        ),
        (WINDOWS | {"registry": {"A": {**KEY, "keys": {"B": 1}}}}, "'registry.A.B' is a number"),
        (WINDOWS | {"users": {"S": {}}}, "'users.S.registry' is missing or null"),
        (WINDOWS | {"groups": {"S": {"exists": True}}}, "'groups.S.members' is missing or null, not a list"),
        (MAC | {"plists": {"/x": {"exists": True}}}, "'plists./x.data' is missing or null"),
        (MAC | {"console_user": 501}, "'console_user' is a number"),
    ],
)
def test_what_is_wrong_with_a_document_is_told(document: Any, problem: str) -> None:
    assert any(problem in line for line in check_document(document))


def test_a_mac_s_document_is_whole() -> None:
    assert check_document(MAC | {"console_user": {"error": "no"}, "files": {"/x": {"exists": False}}}) == []
