"""The WinRM endpoint as the real pywinrm meets it: logons, certificates, limits, faults, state and reboots."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import spnego
from requests_ntlm import requests_ntlm
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError

from lab import certificates
from lab.calls import CallLog
from lab.faults import FaultError
from lab.tests.windows.served import PASSWORD, Served
from lab.windows.machine import Machine
from lab.windows.net.ntlm import Logon


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 5 seconds"
        time.sleep(0.01)


def test_a_command_runs_as_the_account_that_logged_on(served: Served) -> None:
    assert served.run("hostname") == (b"admin:hostname", b"", 0)


def test_an_account_may_carry_the_machines_name(served: Served) -> None:
    assert served.run("hostname", served.client(user="WIN-01\\admin"))[0] == b"admin:hostname"


def test_a_wrong_password_is_refused(served: Served) -> None:
    with pytest.raises(InvalidCredentialsError, match="the specified credentials were rejected by the server"):
        served.run("hostname", served.client(password="wrong"))


def test_an_account_that_the_machine_does_not_have_is_refused(served: Served) -> None:
    with pytest.raises(InvalidCredentialsError):
        served.run("hostname", served.client(user="ghost"))


@pytest.mark.parametrize("command", ["disable admin", "passwd admin"])
def test_an_account_that_was_disabled_or_has_another_password_now_is_refused(served: Served, command: str) -> None:
    assert served.run(command)[2] == 0
    with pytest.raises(InvalidCredentialsError):
        served.run("hostname")


def test_an_account_that_is_no_administrator_gets_access_denied(served: Served) -> None:
    with pytest.raises(WSManFaultError) as caught:
        served.run("hostname", served.client(user="guest"))
    assert (caught.value.wsman_fault_code, caught.value.fault_subcode) == (5, "w:AccessDenied")


def test_a_certificate_of_another_authority_is_not_trusted(served: Served, tmp_path: Path) -> None:
    other = certificates.make(tmp_path / "other")
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        served.run("hostname", served.client(ca_file=other))


def test_channel_bindings_of_another_channel_are_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests_ntlm, "_get_certificate_hash", lambda certificate: b"x" * 32)
    with pytest.raises(InvalidCredentialsError):
        served.run("hostname")


def test_missing_channel_bindings_are_taken(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests_ntlm, "_get_certificate_hash", lambda certificate: None)
    assert served.run("hostname")[2] == 0


def test_a_logon_may_come_wrapped_in_spnego(served: Served) -> None:
    options = spnego.NegotiateOptions.use_negotiate
    client = spnego.client("admin", PASSWORD, hostname="127.0.0.1", protocol="negotiate", options=options)
    logon = Logon(b"certificate")
    header = f"Negotiate {base64.b64encode(client.step() or b'').decode()}"
    for _ in range(4):
        answer = logon.step(header)
        if answer.user is not None:
            break
        challenge = base64.b64decode(answer.challenge.removeprefix("Negotiate "))
        header = f"Negotiate {base64.b64encode(client.step(challenge) or b'').decode()}"
    assert logon.user == "admin"


def test_what_is_no_logon_at_all_is_refused(served: Served) -> None:
    for header in ("Basic YTpi", "Negotiate ###", "Negotiate AAAA", "NTLM TlRMTVNTUAAD"):
        assert Logon(b"certificate").step(header).user is None


def test_without_a_logon_everything_is_401_and_offers_negotiate(served: Served) -> None:
    answer = requests.post(served.url, data=b"x", verify=str(served.ca_file), timeout=5)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Negotiate")


def test_other_paths_and_methods_are_not_there(served: Served) -> None:
    ca = str(served.ca_file)
    assert requests.post(served.url.replace("/wsman", "/x"), verify=ca, timeout=5).status_code == 404
    assert requests.get(served.url, verify=ca, timeout=5).status_code == 405


@pytest.mark.parametrize(("size", "status"), [(512_000, 500), (512_001, 413)])
def test_a_request_above_500_kib_is_too_large(served: Served, size: int, status: int) -> None:
    protocol = served.client()
    protocol.open_shell()
    body = b"<" + b"x" * (size - 1)
    session = protocol.transport.session
    assert session is not None
    assert session.post(served.url, data=body, verify=str(served.ca_file), timeout=5).status_code == status


def test_malformed_xml_is_a_fault(served: Served) -> None:
    protocol = served.client()
    with pytest.raises(WSManFaultError) as caught:
        protocol.send_message("<half")
    assert caught.value.wsman_fault_code == 2150858819


def test_an_unknown_shell_is_a_fault_that_pywinrm_understands(served: Served) -> None:
    with pytest.raises(WSManFaultError) as caught:
        served.client().run_command("0A", "hostname")
    assert (caught.value.wsman_fault_code, caught.value.fault_subcode) == (2150858843, "w:InvalidSelectors")


def test_a_quota_is_reported_where_ansible_looks_for_it(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.windows.net.shells.MAX_OPERATIONS_PER_USER", 0)
    with pytest.raises(WSManFaultError) as caught:
        served.run("hostname")
    assert caught.value.wmierror_code == 0x803381A6


def test_a_large_output_arrives_whole(served: Served) -> None:
    assert len(served.run("big")[0]) == 200_000


def test_the_state_is_saved_only_when_it_changed(served: Served) -> None:
    before, stamp = served.file.read_bytes(), served.file.stat().st_mtime_ns
    served.run("hostname")
    assert (served.file.read_bytes(), served.file.stat().st_mtime_ns) == (before, stamp)
    served.run("write")
    assert json.loads(served.file.read_bytes())["domain"] == "changed"


def test_a_call_waits_for_the_one_before_it_even_when_that_was_ended_by_its_client(served: Served) -> None:
    protocol = served.client()
    shell = protocol.open_shell()
    first = protocol.run_command(shell, "slow")
    time.sleep(0.1)
    protocol.cleanup_command(shell, first)
    second = protocol.run_command(shell, "busy?")
    assert protocol.get_command_output(shell, second)[0] == b"False"


def test_every_call_is_recorded(served: Served) -> None:
    served.run("hostname")
    served.run("write")
    lines = [json.loads(line) for line in served.calls.read_text().splitlines()]
    assert [(line["endpoint"], line["kind"], line["name"], line["check_mode"], line["rc"]) for line in lines] == [
        ("win-01", "command", "hostname", False, 0),
        ("win-01", "command", "write", False, 0),
    ]
    assert CallLog(served.calls).counts() == {"win-01": 2}
    # "hostname", and "admin:hostname" back.
    assert (lines[0]["sent"], lines[0]["answered"]) == (8, 14)


def test_what_cannot_be_decoded_fails_and_says_so(served: Served) -> None:
    out, err, code = served.run("powershell -EncodedCommand QUJD")
    assert code == 1
    assert json.loads(out)["failed"] is True
    assert b"The lab can't carry out what was sent" in err


def test_a_dropped_call_is_carried_out_but_its_answer_is_lost(served: Served) -> None:
    served.fault("drop")
    with pytest.raises(requests.exceptions.ConnectionError):
        served.run("write")
    assert json.loads(served.file.read_bytes())["domain"] == "changed"
    assert json.loads(served.calls.read_text())["rc"] is None
    assert served.run("hostname")[2] == 0


def test_http_500_hits_as_often_as_asked(served: Served) -> None:
    served.fault("http500", 2)
    for _ in range(2):
        with pytest.raises(WinRMTransportError, match="Code 500"):
            served.run("write")
    assert served.run("hostname")[2] == 0
    assert json.loads(served.file.read_bytes())["domain"] is None


def test_a_timeout_leaves_the_client_without_an_answer(served: Served) -> None:
    served.fault("timeout")
    with pytest.raises(requests.exceptions.ReadTimeout):
        served.run("write")
    assert json.loads(served.file.read_bytes())["domain"] is None


def test_a_timeout_can_wait_for_a_later_command_and_is_in_the_log(served: Served) -> None:
    served.fault("timeout", after=2)
    assert [served.run("hostname")[2] for _ in range(2)] == [0, 0]
    with pytest.raises(requests.exceptions.ReadTimeout):
        served.run("write")
    assert json.loads(served.file.read_bytes())["domain"] is None
    rows = [json.loads(line) for line in served.calls.read_text().splitlines()]
    assert [(row["name"], row["rc"]) for row in rows] == [("hostname", 0), ("hostname", 0), ("(no answer)", None)]
    assert served.run("hostname")[2] == 0


def test_a_command_that_is_refused_is_not_carried_out(served: Served) -> None:
    served.fault("fails", after=1)
    assert served.run("hostname")[2] == 0
    out, _, code = served.run("write")
    assert (json.loads(out), code) == ({"failed": True, "changed": False, "msg": "Access is denied."}, 1)
    assert json.loads(served.file.read_bytes())["domain"] is None
    assert served.run("hostname")[2] == 0


def test_refused_logons_look_like_a_wrong_password(served: Served) -> None:
    served.fault("auth")
    with pytest.raises(InvalidCredentialsError):
        served.run("hostname")
    assert served.run("hostname")[2] == 0


def test_a_refusing_endpoint_drops_open_connections_and_comes_back_on_its_port(served: Served) -> None:
    protocol = served.client()
    protocol.open_shell()
    served.fault("refuse")
    with pytest.raises(requests.exceptions.ConnectionError):
        protocol.open_shell()
    with pytest.raises(requests.exceptions.ConnectionError, match="refused"):
        served.run("hostname")
    served.fault("none")
    assert served.run("hostname")[2] == 0


def test_a_machine_that_is_off_does_not_even_refuse(served: Served) -> None:
    served.fault("power_off")
    with pytest.raises(requests.exceptions.ConnectTimeout):
        requests.post(served.url, timeout=0.5, verify=str(served.ca_file))
    served.fault("none")
    assert served.run("hostname")[2] == 0


@pytest.mark.parametrize(("kind", "count", "says"), [("fire", 1, "unknown fault 'fire'"), ("drop", 0, "at least 1")])
def test_a_fault_that_is_none_is_refused(served: Served, kind: str, count: int, says: str) -> None:
    with pytest.raises(FaultError, match=says):
        served.fault(kind, count)


def test_a_reboot_takes_the_endpoint_away_and_moves_the_boot_time(served: Served) -> None:
    before = json.loads(served.file.read_bytes())
    protocol = served.client()
    shell = protocol.open_shell()
    assert protocol.get_command_output(shell, protocol.run_command(shell, "reboot"))[2] == 0
    until(lambda: not served.endpoint.answers)
    with pytest.raises(requests.exceptions.ConnectionError):
        served.run("hostname")
    until(lambda: served.endpoint.answers)
    assert served.run("hostname")[2] == 0
    after = json.loads(served.file.read_bytes())
    assert after["last_boot"] > before["last_boot"]
    assert after["reboot_requested"] is False
    with pytest.raises(WSManFaultError):  # the shell from before is gone
        protocol.run_command(shell, "hostname")


def test_a_machine_that_does_not_come_back_is_silent_and_has_booted(served: Served) -> None:
    served.fault("no_return")
    assert served.run("reboot")[2] == 0
    until(lambda: json.loads(served.file.read_bytes())["boot_count"] == 2)
    until(lambda: served.endpoint.faults.state == "power_off" and not served.endpoint.answers)
    with pytest.raises(requests.exceptions.ConnectionError):
        served.run("hostname")
    served.fault("none")
    assert served.run("hostname")[2] == 0


def test_a_reboot_that_was_under_way_when_the_lab_ended_is_over(served: Served) -> None:
    machine = Machine.load(served.file)
    machine.request_reboot()
    machine.save(served.file)
    assert served.run("hostname")[2] == 0
    state = json.loads(served.file.read_bytes())
    assert (state["reboot_requested"], state["boot_count"]) == (False, 2)
