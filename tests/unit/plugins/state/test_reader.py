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
from plugins.plugin_utils.state.reader import Reader, probe

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


TASK_VARS = {"inventory_hostname": "nb-0101"}


class Endpoint:
    """Stands in for the action plugin that reads; `calls` are the modules that were run."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answer: Any = {"document": WINDOWS}
        self.windows = True
        self.options: dict[str, Any] = {"remote_addr": "addr.invalid", "host": "host.invalid", "port": 1}
        self.options |= dict.fromkeys(("proxy", "ssh_args", "ssh_common_args", "ssh_extra_args"))
        self.transport = "local"

    def read(self, *reads: dict[str, Any], timeout_seconds: int = 5) -> dict[str, Any]:
        shell = SimpleNamespace(_IS_WINDOWS=True) if self.windows else SimpleNamespace()
        connection = SimpleNamespace(_shell=shell, transport=self.transport, get_option=self.options.__getitem__)
        action = SimpleNamespace(_connection=connection, _execute_module=self._execute)
        return Reader(action, TASK_VARS, timeout_seconds).read([*reads])

    def _execute(self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        assert task_vars is TASK_VARS
        self.calls.append((module_name, module_args))
        if callable(self.answer):
            return self.answer()
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
PSRPError = type("WinRMTransportError", (Exception,), {"__module__": "pypsrp.exceptions"})
TicketError = type("KerberosExchangeError", (Exception,), {"__module__": "winrm.vendor.requests_kerberos.exceptions"})


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
        (PSRPError("Code: 500"), "Restart the machine's WinRM service"),
        (TicketError("Kerberos auth failure"), "Check the user name and password; with a ticket"),
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


def test_a_failure_that_nobody_knows_is_told_with_what_to_look_at(endpoint: Endpoint) -> None:
    endpoint.answer = AnsibleConnectionFailure("ntlm: no luck\n")
    assert endpoint.read(VPN)["error"] == (
        "the endpoint answers, but the connection failed: ntlm: no luck. Check the user name and password, the "
        "certificate authority, and that the machine stays on"
    )


def test_an_answer_that_ansible_stumbles_over_is_the_endpoint_s_fault(endpoint: Endpoint) -> None:
    # Ansible's function of this name, with "ansible_facts": [] in an answer.
    def remove_internal_keys() -> None:
        raise AttributeError("'list' object has no attribute 'keys'")

    endpoint.answer = remove_internal_keys
    state = endpoint.read(VPN)
    assert (state["reachable"], state["document"]) == (True, None)
    assert state["error"] == (
        "win_endpoint_state gave an answer that Ansible cannot take in: AttributeError: 'list' object has no attribute "
        "'keys'. Look at the endpoint itself: something there makes answers of its own, or stores what no program can "
        "read"
    )


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
        ({"failed": True, "msg": "half of it", "document": WINDOWS}, "could not read the endpoint: half of it"),
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


def test_of_what_is_wrong_with_a_document_the_first_three_are_shown(endpoint: Endpoint) -> None:
    endpoint.answer = {"document": {**WINDOWS, **dict.fromkeys(("registry", "users", "services", "groups"), "none")}}
    assert endpoint.read(VPN)["error"] == (
        "win_endpoint_state returned a document that this controller cannot use: 'registry' is text, not an object; "
        "'users' is text, not an object; 'services' is text, not an object"
    )


def test_words_without_end_are_cut(endpoint: Endpoint) -> None:
    endpoint.answer = ConnectionResetError("x" * 5000)
    error = endpoint.read(VPN)["error"]
    assert error.startswith("the endpoint answers, but the connection failed: xxx")
    assert "xxx... 5,141 characters, cut (SHA-256 " in error
    assert 1900 < len(error) <= 2000


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
        # With a terminal, both come on standard output.
        {"failed": True, "msg": NO_JSON, "module_stdout": STUB, "rc": 1},
        {"failed": True, "msg": NO_JSON, "exception": f"Traceback:\n{STUB}", "rc": 1},
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


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_port_that_answers_is_no_error(listener: socket.socket) -> None:
    assert probe("127.0.0.1", listener.getsockname()[1], 1, "Enable it") is None


def test_a_closed_port_is_reported_with_its_cure(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    assert probe("127.0.0.1", port, 1, "Enable it") == (
        f"127.0.0.1 refuses port {port}: the machine is on, but nothing listens there. Enable it, or correct "
        "ansible_port"
    )


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            socket.gaierror(-2, "unknown"),
            "the name pc.invalid has no address: correct ansible_host in the inventory, or the controller's DNS",
        ),
        (
            TimeoutError(),
            "no answer from pc.invalid port 5986 in 5 s: the machine is off, asleep, or in a network that the "
            "controller cannot reach. Switch it on, connect it, and run again. If it is on, its firewall may keep this "
            "controller out: enroll/windows.ps1 -Controller",
        ),
        (
            OSError(101, "Network is unreachable"),
            "pc.invalid port 5986 cannot be reached (Network is unreachable): check this controller's network",
        ),
        (OSError("odd"), "pc.invalid port 5986 cannot be reached (odd): check this controller's network"),
    ],
)
def test_why_nobody_answers_is_reported_in_words(
    failure: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Any] = []

    def fail(address: tuple[str, int], timeout: int | None = None) -> None:
        tried.append((address, timeout))
        raise failure

    monkeypatch.setattr(socket, "create_connection", fail)
    assert probe("pc.invalid", 5986, 5, "Enable it") == words
    assert tried == [(("pc.invalid", 5986), 5)]


@pytest.mark.parametrize(
    ("transport", "windows", "port", "tried", "cure"),
    [
        ("winrm", True, 5986, ("addr.invalid", 5986, 7), "Run enroll/windows.cmd on it"),
        ("psrp", True, None, ("addr.invalid", 5986, 7), "Run enroll/windows.cmd on it"),
        ("ssh", True, None, ("host.invalid", 22, 7), "Start the OpenSSH server"),
        ("ansible.builtin.ssh", False, 2222, ("host.invalid", 2222, 7), "Enable Remote Login"),
        ("local", True, 1, None, ""),
    ],
)
def test_the_port_of_each_connection_is_tried_before_the_call(
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    transport: str,
    windows: bool,
    port: int | None,
    tried: tuple[str, int, int] | None,
    cure: str,
) -> None:
    asked: list[tuple[Any, bool]] = []

    def refuse(host: str, number: int, seconds: int, said: str) -> str:
        asked.append(((host, number, seconds), said.startswith(cure)))
        return "nobody"

    monkeypatch.setattr(reader, "probe", refuse)
    endpoint.transport, endpoint.options["port"], endpoint.windows = transport, port, windows
    state = endpoint.read(VPN, timeout_seconds=7)
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


def _execute_module(stdout):
    return stdout.splitlines()


def as_result_dict(stdout):
    return str.splitlines(stdout)


def _connect(stdout):
    return stdout.splitlines()


@pytest.mark.parametrize(
    ("parts", "is_an_answer"),
    [(_execute_module, True), (as_result_dict, True), (_connect, False), (lambda text: _execute_module(None), True)],
)
def test_an_output_that_is_no_text_is_an_answer_and_nothing_of_this_controller(parts, is_an_answer):
    with pytest.raises((AttributeError, TypeError)) as caught:
        parts(5)
    assert reader.is_of_the_answer(caught.value) is is_an_answer


def test_what_a_task_itself_does_wrong_is_no_answer():
    def _execute_module():
        raise KeyError("module_name")

    with pytest.raises(KeyError) as caught:
        _execute_module()
    assert not reader.is_of_the_answer(caught.value)
