"""Reading an endpoint: one call for all that is asked for, and no failure for an endpoint that does not answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure, AnsibleError

from plugins.plugin_utils.state import reader
from plugins.plugin_utils.state.document import check_document
from plugins.plugin_utils.state.reader import Reader, merge_reads, probe

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


VPN: dict[str, Any] = {"registry": [{"path": r"HKLM\V", "depth": 1}], "services": ["FA_Scheduler"]}
SMB: dict[str, Any] = {"registry": [{"path": r"HKLM\S", "values": ["A*"]}], "services": ["LanmanServer"]}


class Endpoint:
    """Stands in for the action plugin that reads; `calls` are the modules that were run."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answer: Any = {"document": WINDOWS}
        self.windows = True
        self.options: dict[str, Any] = {"remote_addr": "127.0.0.1", "host": "127.0.0.1", "port": 1}
        self.options |= dict.fromkeys(("proxy", "ssh_args", "ssh_common_args", "ssh_extra_args"))
        self.transport = "local"

    def read(self, *reads: dict[str, Any], timeout_seconds: int = 5) -> dict[str, Any]:
        shell = SimpleNamespace(_IS_WINDOWS=True) if self.windows else SimpleNamespace()
        connection = SimpleNamespace(_shell=shell, transport=self.transport, get_option=self.options.__getitem__)
        action = SimpleNamespace(_connection=connection, _execute_module=self._execute)
        return Reader(action, {}, timeout_seconds).read([*reads])

    def _execute(self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((module_name, module_args))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


def test_all_that_is_asked_for_is_read_in_one_call_with_the_memory(endpoint: Endpoint) -> None:
    state = endpoint.read(SMB, VPN)
    assert state == {"reachable": True, "error": None, "platform": "Windows", "document": WINDOWS}
    request = {
        "registry": [
            {"path": MEMORY_KEY, "values": ["*"]},
            {"path": r"HKLM\S", "values": ["A*"]},
            {"path": r"HKLM\V", "values": ["*"], "depth": 1},
        ],
        "services": ["LanmanServer", "FA_Scheduler"],
    }
    assert endpoint.calls == [("offsite.endpoints.win_endpoint_state", request)]


def test_a_mac_gets_the_other_reader(endpoint: Endpoint) -> None:
    endpoint.windows, endpoint.answer = False, {"document": MAC}
    assert endpoint.read({"plists": [{"path": "/x", "keys": ["A"]}], "files": ["/f"]}, {})["document"] == MAC
    request = {"plists": [{"path": MEMORY_PLIST, "keys": ["*"]}, {"path": "/x", "keys": ["A"]}], "files": ["/f"]}
    assert endpoint.calls == [("offsite.endpoints.mac_endpoint_state", request)]


WinRMError = type("WinRMTransportError", (Exception,), {"__module__": "winrm.exceptions"})


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (AnsibleConnectionFailure("ntlm: connection refused"), "Check the user name and password, the certificate"),
        (
            AnsibleAuthenticationFailure("the specified credentials were rejected"),
            "Check the user name and password, and",
        ),
        (AnsibleError("the connection attempt timed out"), "The machine is very slow, asleep"),
        (ConnectionResetError("reset by peer"), "Check the user name and password, the certificate authority"),
        (TimeoutError("Read timed out"), "The machine is very slow, asleep"),
        (WinRMError("Code 500"), "Restart the machine's WinRM service"),
    ],
)
def test_a_connection_that_fails_is_an_answer_with_its_reason(
    endpoint: Endpoint, failure: Exception, words: str
) -> None:
    endpoint.answer = failure
    state = endpoint.read(VPN)
    assert (state["reachable"], state["document"], state["platform"]) == (False, None, "Windows")
    assert str(failure) in state["error"]
    assert f"{failure}. {words}" in state["error"]


def test_an_error_of_this_controller_is_not_blamed_on_the_endpoint(endpoint: Endpoint) -> None:
    endpoint.answer = ValueError("a defect")
    with pytest.raises(ValueError, match="a defect"):
        endpoint.read(VPN)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"failed": True, "msg": "PowerShell 5.1 is needed"}, "PowerShell 5.1 is needed"),
        ({"failed": True, "module_stderr": "stub"}, "stub"),
        ({"changed": False}, "could not read the endpoint: no message"),
        ({"document": None}, "missing or null, not an object"),
        ({"document": WINDOWS | {"schema": 2}}, "schema 2; this controller reads schema 1"),
        ({"document": {k: v for k, v in WINDOWS.items() if k != "users"}}, "has no 'users'"),
    ],
)
def test_an_answer_that_is_no_document_is_an_error_and_never_a_document(
    endpoint: Endpoint, answer: dict[str, Any], words: str
) -> None:
    endpoint.answer = answer
    state = endpoint.read(VPN)
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
def test_a_mac_without_python_is_reported_with_how_it_gets_one(endpoint: Endpoint, result: dict[str, Any]) -> None:
    endpoint.windows, endpoint.answer = False, result
    error = endpoint.read(VPN)["error"]
    assert "playbooks/macos_python.yml" in error
    assert error.startswith("the Mac has no usable Python")


def test_other_failures_of_a_module_keep_their_own_words(endpoint: Endpoint) -> None:
    endpoint.windows = False
    endpoint.answer = {"failed": True, "msg": NO_JSON, "module_stderr": "Traceback", "rc": 1}
    words = f"mac_endpoint_state could not read the endpoint: {NO_JSON}: Traceback: exit code 1"
    assert endpoint.read(VPN)["error"] == words


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
    assert probe("127.0.0.1", listener.getsockname()[1], 1, "Enable it") is None


def test_a_closed_port_is_reported_with_its_cure(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    said = str(probe("127.0.0.1", port, 1, "Enable it"))
    assert "the machine is on, but nothing listens there. Enable it, or correct ansible_port" in said


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (socket.gaierror(-2, "unknown"), "the name pc.invalid has no address: correct ansible_host"),
        (TimeoutError(), "no answer from pc.invalid port 5986 in 5 s: the machine is off, asleep"),
        (OSError(101, "Network is unreachable"), "cannot be reached (Network is unreachable)"),
    ],
)
def test_why_nobody_answers_is_reported_in_words(
    failure: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise failure

    monkeypatch.setattr(socket, "create_connection", fail)
    assert words in str(probe("pc.invalid", 5986, 5, "Enable it"))


@pytest.mark.parametrize(
    ("transport", "windows", "port", "tried", "cure"),
    [
        ("winrm", True, 5986, 5986, "Run enroll/windows.cmd on it"),
        ("psrp", True, None, 5986, "Run enroll/windows.cmd on it"),
        ("ssh", True, None, 22, "Start the OpenSSH server"),
        ("ansible.builtin.ssh", False, 2222, 2222, "Enable Remote Login"),
        ("local", True, 1, 0, ""),
    ],
)
def test_the_port_of_each_connection_is_tried_before_the_call(
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    transport: str,
    windows: bool,
    port: int | None,
    tried: int,
    cure: str,
) -> None:
    asked: list[tuple[int, bool]] = []

    def refuse(_host: str, number: int, _timeout_seconds: int, said: str) -> str:
        asked.append((number, said.startswith(cure)))
        return "nobody"

    monkeypatch.setattr(reader, "probe", refuse)
    endpoint.transport, endpoint.options["port"], endpoint.windows = transport, port, windows
    state = endpoint.read(VPN)
    assert asked == ([(tried, True)] if tried else [])
    assert (state["reachable"], state["error"]) == ((False, "nobody") if tried else (True, None))
    assert len(endpoint.calls) == (0 if tried else 1)


def test_no_timeout_no_try_of_the_port(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "probe", lambda *_arguments: "nobody")
    endpoint.transport = "ssh"
    assert endpoint.read(VPN, timeout_seconds=0)["reachable"] is True


@pytest.mark.parametrize(
    ("transport", "option", "value", "tried"),
    [
        ("ssh", "ssh_common_args", "-o ProxyJump=jump.example.org", False),
        ("ssh", "ssh_args", '-o ProxyCommand="ssh -W %h:%p jump"', False),
        ("ssh", "ssh_extra_args", "-4 -J jump", False),
        ("ssh", "ssh_common_args", "-o ServerAliveInterval=15 -F /home/x/my-Jobs", True),
        ("psrp", "proxy", "socks5h://127.0.0.1:1080", False),
        ("psrp", "ssh_common_args", "-J jump", True),
    ],
)
def test_what_lies_behind_another_machine_has_no_port_here(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, transport: str, option: str, value: str, tried: bool
) -> None:
    monkeypatch.setattr(reader, "probe", lambda *_arguments: "nobody")
    endpoint.transport, endpoint.options[option] = transport, value
    assert endpoint.read(VPN)["reachable"] is not tried


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
        (WINDOWS | {"platform": {"x": 1}}, "platform {'x': 1}; allowed are Windows, Darwin"),
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
def test_what_is_wrong_with_a_document_is_reported(document: Any, problem: str) -> None:
    assert any(problem in line for line in check_document(document))


def test_a_mac_s_document_is_whole() -> None:
    assert check_document(MAC | {"console_user": {"error": "no"}, "files": {"/x": {"exists": False}}}) == []


NAMED = {"path": "K", "values": ["FPS*"]}
REST = {"path": "K", "values": ["RD*", "*"], "without": ["|Dir=Out|", "|Active=FALSE|"]}


@pytest.mark.parametrize(
    ("asks", "merged"),
    [
        ([NAMED, REST], {"values": ["FPS*", "RD*", "*"], "without": ["|Dir=Out|", "|Active=FALSE|"]}),
        ([REST, NAMED], {"values": ["RD*", "*", "FPS*"], "without": ["|Dir=Out|", "|Active=FALSE|"]}),
        ([REST, {"path": "K", "without": ["|Dir=Out|"]}], {"values": ["RD*", "*"], "without": ["|Dir=Out|"]}),
        ([REST, {"path": "K"}], {"values": ["*"]}),
        ([{"path": "K"}, REST], {"values": ["*"]}),
    ],
)
def test_only_what_nobody_wants_is_left_out(asks, merged):
    assert merge_reads([{"registry": [one]} for one in asks]) == {"registry": [{"path": "K", **merged}]}
