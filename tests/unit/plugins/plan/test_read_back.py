"""After the writing: what the read-back makes of a plan, and whole rounds of present and absent."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.plugin_utils.plan.plan import plan
from plugins.plugin_utils.plan.read_back import failures_of, predict, read_back
from tests.samples.documents import (
    BEFORE,
    BEFORE_PLIST,
    MAC_READS,
    PLIST,
    TUNNELS,
    WINDOWS_READS,
    dword,
    key,
    mac,
    mac_control,
    prompt_control,
    sz,
    tunnel_control,
    windows,
)

CONTROLS = [tunnel_control(), prompt_control()]
TYPES = {"string": "REG_SZ", "dword": "REG_DWORD", "expandstring": "REG_EXPAND_SZ"}


def planned(document: dict[str, Any], controls: Any = None, **options: Any) -> dict[str, Any]:
    reads = WINDOWS_READS if document["platform"] == "Windows" else MAC_READS
    # Through JSON: that is how a plan travels from one task to the next.
    return json.loads(json.dumps(plan(controls or CONTROLS, document, "role", reads=reads, **options).as_dict()))


def judged(before: dict[str, Any], document: dict[str, Any] | None, controls: Any = None, failure: str = "") -> Any:
    reads = MAC_READS if document and document["platform"] == "Darwin" else WINDOWS_READS
    failures = [{"reason": failure, "records": []}] if failure else []
    return read_back(before, controls or CONTROLS, document, reads=reads, failures=failures)


def carried_out(document: dict[str, Any], doing: dict[str, Any]) -> dict[str, Any]:
    """Return the document after the plan's tasks: keep, write, forget."""
    after = copy.deepcopy(document)
    tunnels = after["registry"][TUNNELS]["keys"]
    for item in doing["writes"]["registry"]:
        name = item["path"].rpartition("\\")[2]
        if item["delete_key"]:
            del tunnels[name]
        elif item["state"] == "absent":
            del tunnels[name]["values"][item["name"]]
        else:
            values = tunnels.setdefault(name, key())["values"]
            values[item["name"]] = {"type": TYPES[item["type"]], "data": item["data"]}
    if doing["memory"]["keep"] is not None:
        after["registry"][BEFORE] = key({"role": sz(doing["memory"]["keep"])})
    if doing["memory"]["forget"]:
        after["registry"][BEFORE] = key()
    return after


def drifted() -> dict[str, Any]:
    document = windows()
    document["registry"][TUNNELS]["keys"]["IMR"]["values"]["Server"] = sz("evil.example.com:443")
    return document


def test_what_was_drifted_and_reads_back_right_is_fixed_with_its_value_before():
    before = planned(drifted())
    server, prompt = judged(before, carried_out(drifted(), before))
    assert (server["status"], server["before"], server["expected"], server["actual"], server["reason"]) == (
        "fixed",
        "evil.example.com:443",
        "fg.imr.tohoku.ac.jp:443",
        "fg.imr.tohoku.ac.jp:443",
        "",
    )
    assert prompt["status"] == "compliant"
    assert "before" not in prompt


def test_what_reads_back_wrong_stays_drifted_and_says_so():
    server, _prompt = judged(planned(drifted()), drifted())
    assert server["status"] == "drifted"
    assert server["reason"] == (
        'was written, but reads back wrong: is "evil.example.com:443", should be "fg.imr.tohoku.ac.jp:443"'
    )


def test_what_was_right_and_is_wrong_after_the_writing_is_drifted():
    before = planned(drifted())
    after = carried_out(drifted(), before)
    after["registry"][TUNNELS]["keys"]["IMR"]["values"]["promptusername"] = dword(0)
    assert [item["status"] for item in judged(before, after)] == ["fixed", "drifted"]


def test_a_failed_write_is_an_error_with_its_message():
    server, prompt = judged(planned(drifted()), drifted(), failure="Write registry values: access denied")
    assert (server["status"], server["reason"]) == (
        "error",
        "could not be written: Write registry values: access denied",
    )
    assert prompt["status"] == "compliant"


def test_a_failure_is_reported_even_when_every_value_reads_back_right():
    before = planned(drifted())
    records = judged(before, carried_out(drifted(), before), failure="Forget: access denied")
    assert [(item["control"], item["status"]) for item in records] == [
        ("vpn_profile.server", "fixed"),
        ("vpn_profile.prompt_user_name", "compliant"),
        ("role.write", "error"),
    ]
    assert records[2]["reason"] == "Forget: access denied"


def test_what_was_right_is_open_when_the_role_s_own_work_was_cut_off():
    controls = [
        tunnel_control(remedy="role"),
        prompt_control(remedy="role"),
        {**prompt_control(), "id": "vpn_profile.other"},
    ]
    server, prompt, other = judged(planned(drifted(), controls), None, controls, failure="connection lost")
    assert [item["status"] for item in (server, prompt, other)] == ["error", "error", "compliant"]
    assert prompt["reason"] == (
        "was right; whether it is after the role's work was cut off is not known: connection lost"
    )
    # Where the role had nothing to do itself, nothing of it moves.
    controls = [tunnel_control(), prompt_control(remedy="role")]
    _server, prompt = judged(planned(drifted(), controls), None, controls, failure="connection lost")
    assert prompt["status"] == "compliant"


def test_an_endpoint_that_is_gone_after_the_writing_leaves_the_written_open():
    server, prompt = judged(planned(drifted()), None, failure="connection lost")
    assert server["status"] == "error"
    assert server["reason"] == "was to be written; whether it was is not known: connection lost"
    assert server["actual"] == {"not_read": True}
    assert prompt["status"] == "compliant"


def test_what_cannot_be_read_back_is_an_error():
    after = drifted()
    after["registry"][TUNNELS] = {"error": "access denied"}
    assert [item["status"] for item in judged(planned(drifted()), after)] == ["error", "error"]


def test_a_drifted_control_that_is_never_written_keeps_its_own_reason():
    controls = [tunnel_control(compare="one_of", expected=["a", "b"])]
    before = planned(drifted(), controls)
    (found,) = judged(before, drifted(), controls)
    assert found["status"] == "drifted"
    assert found["reason"].startswith("is ")


def test_taking_off_is_judged_by_what_was_remembered():
    applied = carried_out(drifted(), planned(drifted()))
    removal = planned(applied, state="absent")
    restored = carried_out(applied, removal)
    (found,) = judged(removal, restored)
    assert (found["status"], found["before"], found["actual"]) == (
        "fixed",
        "fg.imr.tohoku.ac.jp:443",
        "evil.example.com:443",
    )
    (still,) = judged(removal, applied)
    assert (still["status"], still["reason"].partition(":")[0]) == ("drifted", "was written, but reads back wrong")
    assert planned(restored, state="absent")["has_writes"] is False


# ---- What failed


SERVER = ["vpn_profile.server", "IMR", "machine"]


def test_a_failed_item_of_a_loop_concerns_its_own_records():
    items = [
        {"item": {"records": [["a.b", None, "machine"]]}, "changed": True},
        {"item": {"records": [SERVER]}, "failed": True, "msg": "the file is in use"},
        {"item": {"records": [["a.c", "X", "S-1-5-21-1"]]}, "failed": True, "msg": "access denied"},
    ]
    result = {"failed": True, "msg": "One or more items failed", "results": items}
    assert failures_of([{"task": "Write registry values", "result": result, "records": []}]) == [
        {"reason": "Write registry values: the file is in use", "records": [SERVER]},
        {"reason": f"Write registry values: access denied. {RIGHTS}", "records": [["a.c", "X", "S-1-5-21-1"]]},
    ]


RIGHTS = (
    "The account has to be an administrator of the machine, and nothing there may narrow that: a policy, an antivirus, "
    "or for a local account LocalAccountTokenFilterPolicy"
)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"failed": True, "msg": " gone \n"}, "T: gone"),
        ({"failed": True, "error": [{"exception": {"message": "no rule 'X'"}}]}, "T: no rule 'X'"),
        ({"failed": True, "module_stderr": "Traceback"}, "T: Traceback"),
        ({"unreachable": True, "msg": "timed out"}, "T: timed out"),
        ({"failed": True}, "T: no message"),
        ({"failed": True, "item": "text", "msg": "x"}, "T: x"),
    ],
)
def test_a_failure_is_reported_in_the_module_s_own_words(result, reason):
    assert failures_of([{"task": "T", "result": result, "records": [SERVER]}]) == [
        {"reason": reason, "records": [SERVER]}
    ]


def test_a_failure_does_not_blame_what_another_write_left_wrong():
    document = drifted()
    document["registry"][TUNNELS]["keys"]["IMR"]["values"]["promptusername"] = dword(0)
    before = planned(document)
    failures = [{"reason": "in use", "records": [SERVER]}]
    server, prompt = read_back(before, CONTROLS, document, reads=WINDOWS_READS, failures=failures)
    assert (server["status"], server["reason"]) == ("error", "could not be written: in use")
    assert prompt["status"] == "drifted"
    assert prompt["reason"].startswith("was not written, since the role ended before it: is 0x0 (0), ")


def test_what_fails_in_a_dry_run_is_reported_to_fail_and_the_rest_stays_a_prediction():
    document = drifted()
    document["registry"][TUNNELS]["keys"]["IMR"]["values"]["promptusername"] = dword(0)
    server, prompt = predict(planned(document), [{"reason": "in use", "records": [SERVER]}])
    assert (server["status"], server["reason"]) == ("error", "could not be written: in use")
    assert prompt["status"] == "drifted"
    (*_same, reported) = predict(planned(document), [{"reason": "x", "records": [["a.b", None, "machine"]]}])
    assert (reported["control"], reported["status"], reported["reason"]) == ("role.write", "error", "x")


VALUES = st.one_of(st.none(), st.text("ab", max_size=2).map(sz), st.integers(0, 2).map(dword))
TUNNEL = st.one_of(
    st.none(), st.fixed_dictionaries({}, optional=dict.fromkeys(("Server", "promptusername", "X"), VALUES))
)


@settings(max_examples=150, deadline=None)
@given(tunnel=TUNNEL, added_by_client=st.booleans(), broken=VALUES)
def test_present_twice_changes_nothing_more_and_absent_leaves_what_was_there(tunnel, added_by_client, broken):
    document = windows()
    tunnels = document["registry"][TUNNELS]["keys"]
    del tunnels["IMR"]
    if tunnel is not None:
        tunnels["IMR"] = key({name: value for name, value in tunnel.items() if value is not None})

    applied = carried_out(document, planned(document))
    assert planned(applied)["has_writes"] is False
    assert [item["status"] for item in planned(applied)["records"]] == ["compliant", "compliant"]

    # A user breaks it, the next run repairs it; the client adds a value of its own.
    values = applied["registry"][TUNNELS]["keys"]["IMR"]["values"]
    values.pop("Server")
    if broken is not None:
        values["Server"] = broken
    if added_by_client and tunnel is None:
        values["DATA3"] = sz("")
    repaired = carried_out(applied, planned(applied))
    assert planned(repaired)["has_writes"] is False

    restored = carried_out(repaired, planned(repaired, state="absent"))
    untouched = document["registry"][TUNNELS]["keys"].get("IMR")
    if untouched is not None and untouched["values"].get("Server") == sz("fg.imr.tohoku.ac.jp:443"):
        return  # right from the start: the first value that the role wrote over is the broken one
    assert restored["registry"][TUNNELS] == document["registry"][TUNNELS]


# ---- Mac

MAC_CONTROLS = [
    mac_control(each=[{"name": "Team", "gateway": "fg.imr.tohoku.ac.jp"}]),
    mac_control(
        id="vpn_profile.port",
        each=[{"name": "Team", "port": 443}],
        where={"plist": PLIST, "key": ["Profiles", "{name}", "ServerPort"]},
        expected="{port}",
        compare="number",
    ),
]


def test_a_property_list_is_written_once_with_all_that_differs():
    doing = planned(mac(), MAC_CONTROLS)
    assert doing["writes"] == {
        "registry": [],
        "firewall": [],
        "services": [],
        "groups": [],
        "plist": [
            {
                "path": PLIST,
                "values": [
                    {"key": ["Profiles", "Team", "Server"], "value": "fg.imr.tohoku.ac.jp", "state": "present"},
                    {"key": ["Profiles", "Team", "ServerPort"], "value": 443, "state": "present"},
                ],
                "records": [
                    ["vpn_profile.server", "Team", "machine"],
                    ["vpn_profile.port", "Team", "machine"],
                ],
                "why": ["service.md#gateway"],
                "label": "vpn_profile.server, vpn_profile.port Team (service.md#gateway)",
            }
        ],
    }
    assert json.loads(doing["memory"]["keep"])["entries"] == [
        {
            "control": "vpn_profile.server",
            "instance": "Team",
            "where": {"plist": PLIST, "key": ["Profiles", "Team"]},
            "before": {"absent": True},
        }
    ]


def test_a_mac_s_new_connection_is_taken_off_as_a_whole():
    doing = planned(mac(), MAC_CONTROLS)
    after = mac()
    after["plists"][PLIST]["data"]["Profiles"]["Team"] = {"Server": "fg.imr.tohoku.ac.jp", "ServerPort": 443}
    after["plists"][BEFORE_PLIST] = {**after["plists"][PLIST], "data": {"role": doing["memory"]["keep"]}}
    assert planned(after, MAC_CONTROLS)["has_writes"] is False
    removal = planned(after, MAC_CONTROLS, state="absent")
    assert removal["writes"]["plist"][0]["values"] == [{"key": ["Profiles", "Team"], "state": "absent"}]
    assert removal["memory"]["forget"] is True


def test_a_mac_s_changed_value_is_put_back_and_a_deleted_connection_is_not_made_again():
    controls = [mac_control()]
    document = mac()
    document["plists"][PLIST]["data"]["Profiles"]["IMR"]["Server"] = "old.example.com"
    keep = planned(document, controls)["memory"]["keep"]
    applied = mac()
    applied["plists"][BEFORE_PLIST] = {**applied["plists"][PLIST], "data": {"role": keep}}
    (item,) = planned(applied, controls, state="absent")["writes"]["plist"]
    assert item["values"] == [{"key": ["Profiles", "IMR", "Server"], "value": "old.example.com", "state": "present"}]
    del applied["plists"][PLIST]["data"]["Profiles"]["IMR"]
    assert planned(applied, controls, state="absent")["writes"]["plist"] == []


def test_a_dictionary_that_stands_where_a_value_should_be_is_not_overwritten():
    document = mac()
    document["plists"][PLIST]["data"]["Profiles"]["IMR"]["Server"] = {"inner": 1}
    doing = planned(document, [mac_control()])
    assert doing["records"][0]["status"] == "error"
    assert "could not be put back" in doing["records"][0]["reason"]
    assert doing["has_writes"] is False


@pytest.mark.parametrize("value", [True, 1, 1.5, ["a", 1]])
def test_a_mac_s_value_keeps_its_kind_in_the_memory(value):
    document = mac()
    document["plists"][PLIST]["data"]["Profiles"]["IMR"]["Server"] = value
    (entry,) = json.loads(planned(document, [mac_control()])["memory"]["keep"])["entries"]
    assert entry["before"] == {"value": value}
    assert type(entry["before"]["value"]) is type(value)
