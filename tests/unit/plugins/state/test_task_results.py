"""Users' own VPN connections: what looking at them gives, and what is planned about them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from plugins.plugin_utils.plan.plan import Plan, plan
from plugins.plugin_utils.state.task_results import said, vpn_connections
from tests.samples.documents import WINDOWS_READS, windows
from tests.samples.planning import with_memory

PLUGIN = "FortinetInc.FortiClient_sq9g7krz3c65j"
OURS = {
    "exists": True,
    "plugin": PLUGIN,
    "server_address": "https://vpn.example.org",
    "proxy_script": "http://proxy.example.org/proxy.pac",
    "auto_detect": False,
    "custom_configuration": "<forticlient>0</forticlient >",
    "in_use": False,
}
CONTROL: dict[str, Any] = {
    "id": "vpn_profile.store_connection",
    "title": "The user has the connection",
    "why": "service.md#store-client",
    "severity": "high",
    "each": [{"instance": "Office of taro", "name": "Office", "user": "taro"}],
    "instance_key": "instance",
    "where": {"vpn_connection": "{name}", "of": "{user}"},
    "expected": {
        "plugin": PLUGIN,
        "server_address": "https://vpn.example.org",
        "proxy_script": "http://proxy.example.org/proxy.pac",
        "auto_detect": False,
        "custom_configuration": "<forticlient>0</forticlient>",
    },
    "compare": "settings",
    "remedy": "role",
}
ENTRY = {
    "control": "vpn_profile.store_connection",
    "instance": "Office of taro",
    "where": {"vpn_connection": "Office", "of": "taro"},
    "before": {"absent": True},
}


def run(settings: Any, *, kept: bool = False, **options: Any) -> Plan:
    document = with_memory(windows(), [ENTRY]) if kept else windows()
    document["vpn_connections"] = {"taro": {"Office": settings}}
    return plan([CONTROL], document, "vpn_profile", reads=WINDOWS_READS, **options)


def only(result: Plan) -> tuple[str, str]:
    (item,) = result.records
    return item["status"], item["reason"]


def test_results_of_looking_become_settings_by_user_and_name():
    results = [
        {"item": "a loop of something else", "output": [OURS]},
        {"item": {"user": "goro", "name": "Office"}, "skipped": True},
        {"item": {"user": "taro", "name": "Office"}, "output": [OURS]},
        {"item": {"user": "taro", "name": "Lab"}, "output": [{"exists": False}]},
        {"item": {"user": "jiro", "name": "Office"}, "output": [], "msg": "cannot be become"},
        {"item": {"user": "saburo", "name": "Office"}, "unreachable": True},
        {"item": {"user": "shiro", "name": "Office"}, "error": [{"exception": {"message": "no such cmdlet"}}]},
    ]
    assert vpn_connections(results) == {
        "taro": {"Office": OURS, "Lab": {"exists": False}},
        "jiro": {"Office": {"error": "cannot be become"}},
        "saburo": {"Office": {"error": "no message"}},
        "shiro": {"Office": {"error": "no such cmdlet"}},
    }


BLOCKED = "This script contains malicious content and has been blocked by your antivirus software."
NO_JSON = "Module result deserialization failed: No start of json char found"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (
            {
                "msg": f"{NO_JSON} See stdout/stderr for the returned output.",
                "module_stdout": "",
                "module_stderr": BLOCKED,
                "rc": 1,
            },
            f"{NO_JSON} See stdout/stderr for the returned output.: "
            f"{BLOCKED}: exit code 1. "
            "The machine's antivirus (by AMSI) blocked Ansible's PowerShell: ",
        ),
        (
            {"msg": "failed to validate", "exit_status": 1, "stdout": "", "stderr": "/tmp/x:3: syntax error\n"},
            "failed to validate: /tmp/x:3: syntax error",
        ),
        ({"msg": "non-zero return code", "rc": 3, "stdout": "", "stderr": ""}, "non-zero return code: exit code 3"),
        ({"msg": "it ended with 3", "rc": 3}, "it ended with 3"),
        ({"msg": "no", "stdout": f"{'x' * 100}{'y' * 300}"}, f"no: ...{'y' * 300}"),
        ({"msg": "said: once", "stderr": "once"}, "said: once"),
        (
            {
                "msg": "MODULE FAILURE",
                "exception": "Traceback (most recent call last):\n  File x\nOSError: [Errno 30]\n",
            },
            "MODULE FAILURE: OSError: [Errno 30]",
        ),
        (
            {"msg": "Ein Fehler", "exception": "x\n+ FullyQualifiedErrorId : CannotCreateTypeConstrainedLanguage,X"},
            "Ein Fehler. PowerShell is in constrained language mode there",
        ),
        ({"censored": "the output has been hidden"}, "the output has been hidden"),
        ({}, "no message"),
    ],
)
def test_a_tools_own_words_stand_beside_a_message_that_says_nothing(result, words):
    assert said(result).startswith(words)
    # On the controller Ansible wraps a module's traceback.
    wrapped = SimpleNamespace(event=SimpleNamespace(formatted_traceback=result.get("exception")))
    assert said({**result, "exception": wrapped}).startswith(words)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"msg": "said: once", "stderr": "once", "stdout": ""}, "said: once"),
        ({"msg": NO_JSON, "module_stdout": "Last login: today", "rc": 1}, f"{NO_JSON}: Last login: today: exit code 1"),
        ({"msg": "no", "stdout": "y" * 300}, f"no: {'y' * 300}"),
        ({"msg": "no", "rc": 0}, "no"),
        ({"msg": "no", "rc": "3"}, "no"),
        ({"msg": "it ended with 3", "rc": 3}, "it ended with 3"),
        ({"msg": "no", "error": []}, "no"),
        ({"msg": "no", "error": [{"exception": None}]}, "no"),
        ({"msg": "no", "exception": SimpleNamespace()}, "no"),
        ({"msg": "no", "exception": SimpleNamespace(event=SimpleNamespace())}, "no"),
        (
            {
                "msg": "OSError: [Errno 30]",
                "exception": "Traceback (most recent call last):\n  x\nOSError: [Errno 30]\n",
            },
            "OSError: [Errno 30]",
        ),
    ],
)
def test_what_was_said_once_is_not_said_again_and_nothing_is_made_up(result, words):
    assert said(result) == words


def test_the_cause_is_known_though_it_stands_where_it_is_not_shown():
    stderr = f"{BLOCKED} {'x' * 400}"
    advice = (
        "The machine's antivirus (by AMSI) blocked Ansible's PowerShell: look it up in its log (Microsoft Defender: "
        "Get-MpThreatDetection), and ask whoever answers for it to allow this account's WinRM sessions"
    )
    assert said({"msg": NO_JSON, "module_stderr": stderr}) == f"{NO_JSON}: ...{'x' * 300}. {advice}"


def test_a_connection_that_is_not_there_is_work_for_the_role_and_remembered_as_absent():
    result = run({"exists": False})
    assert only(result)[0] == "drifted"
    (work,) = result.role_work
    assert (work["state"], work["where"], work["expected"]) == ("present", ENTRY["where"], CONTROL["expected"])
    assert json.loads(result.keep or "") == {"schema": 1, "entries": [ENTRY]}


def test_the_xml_may_read_back_in_another_form():
    assert only(run(OURS)) == ("compliant", "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"plugin": ""}, f'plugin is "", should be "{PLUGIN}"'),
        ({"server_address": "https://203.0.113.9"}, 'server_address is "https://203.0.113.9", should be'),
        ({"proxy_script": ""}, 'proxy_script is "", should be'),
        ({"auto_detect": True}, "auto_detect is true, should be false"),
    ],
)
def test_a_connection_of_ours_that_was_changed_is_reported_and_repaired(change, words):
    result = run({**OURS, **change}, kept=True)
    status, reason = only(result)
    assert status == "drifted"
    assert words in reason
    assert [work["state"] for work in result.role_work] == ["present"]
    assert result.keep is None


def test_a_connection_of_somebody_else_s_is_reported_and_left_alone():
    result = run({**OURS, "proxy_script": ""})
    status, reason = only(result)
    assert status == "error"
    assert "VPN connection Office of taro was made by somebody else" in reason
    assert not result.as_dict()["has_writes"]


def test_what_was_not_looked_at_or_could_not_be_is_an_error_and_not_absent():
    assert only(run({"error": "no such cmdlet"})) == (
        "error",
        "VPN connection Office of taro could not be read: no such cmdlet",
    )
    for looked_at in ({}, {"taro": {"Lab": OURS}}, {"jiro": {"Office": OURS}}):
        unseen = plan([CONTROL], {**windows(), "vpn_connections": looked_at}, "vpn_profile", reads=WINDOWS_READS)
        assert unseen.records[0]["status"] == "error"
        assert "was not read" in unseen.records[0]["reason"]


def test_taking_off_removes_what_the_role_made_and_only_that():
    result = run(OURS, kept=True, state="absent")
    assert only(result)[0] == "drifted"
    assert [(work["state"], work["expected"]) for work in result.role_work] == [("absent", None)]
    assert result.forget
    gone = run({"exists": False}, kept=True, state="absent")
    assert only(gone)[0] == "compliant"
    assert gone.forget
    foreign = run(OURS, state="absent")
    assert foreign.role_work == []


def test_a_password_is_masked_also_where_the_text_is_cut():
    proxy = "http://bob:" + "secret" * 300 + "@proxy.example.org/"
    assert said({"msg": f"fails by {proxy}"}) == "fails by http://bob:***@proxy.example.org/"
