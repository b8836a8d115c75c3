"""The three contracts: what the code makes and takes is what the schemas say, and wrong data fits neither."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, NotRequired, get_origin, get_type_hints

import jsonschema
import pytest

from plugins.plugin_utils.controls.controls import ControlError, expand
from plugins.plugin_utils.plan.plan import plan
from plugins.plugin_utils.plan.read_back import read_back
from plugins.plugin_utils.records.records import (
    STATUSES,
    Record,
    check_record,
    record,
    stamp,
    unreachable,
    unusable_state,
)
from tests.samples.documents import (
    APP,
    MAC_READS,
    PLIST,
    POLICY_RULES,
    TUNNELS,
    WINDOWS_READS,
    key,
    mac,
    mac_control,
    prompt_control,
    scope_control,
    tunnel_control,
    windows,
)

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
STAMP: dict[str, Any] = {"run": "r1", "endpoint": "pc1", "at": "2026-11-23T14:30:00Z", "versions": {}}


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((SCHEMAS / f"{name}.schema.json").read_text()))


STATE, CONTROL, RECORD = validator("state"), validator("control"), validator("record")


@pytest.mark.parametrize("checked", [STATE, CONTROL, RECORD])
def test_a_schema_is_itself_valid(checked):
    checked.check_schema(checked.schema)


@pytest.mark.parametrize("document", [windows(), mac()])
def test_the_documents_of_these_tests_are_state_documents(document):
    STATE.validate(document)


@pytest.mark.parametrize(
    "path", [("system",), ("registry",), ("registry", TUNNELS), ("users",), ("tunnel",), ("groups",)]
)
def test_an_error_may_stand_for_any_node(path):
    document = windows()
    node = document
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = {"error": "access denied"}
    STATE.validate(document)


def test_every_registry_type_has_its_own_form_of_data():
    document = windows()
    values = {
        "": {"type": "REG_SZ", "data": ""},
        "e": {"type": "REG_EXPAND_SZ", "data": "%SystemRoot%"},
        "m": {"type": "REG_MULTI_SZ", "data": ["a", ""]},
        "d": {"type": "REG_DWORD", "data": 2**32 - 1},
        "q": {"type": "REG_QWORD", "data": 2**64 - 1},
        "b": {"type": "REG_BINARY", "data": "46ff"},
        "n": {"type": "REG_NONE", "data": ""},
    }
    document["registry"][POLICY_RULES] = key(values)
    STATE.validate(document)
    wrong = {"": 1, "e": None, "m": "a", "d": 2**32, "q": -1, "b": "46FF", "n": "4"}
    for name, data in wrong.items():
        document["registry"][POLICY_RULES] = key({name: {**values[name], "data": data}})
        assert not STATE.is_valid(document), name


@pytest.mark.parametrize(
    ("make", "path", "value"),
    [
        (windows, ("schema",), 2),
        (windows, ("platform",), "Linux"),
        (windows, ("system", "build"), "22631"),
        (windows, ("registry", TUNNELS, "exists"), False),
        (windows, ("services", "TermService", "start_mode"), "Automatic"),
        (windows, ("groups", "S-1-5-32-555", "members"), ["S-1-5-21-1"]),
        (windows, ("tunnel", "active"), None),
        (windows, ("extra",), {}),
        (mac, ("plists", PLIST, "mode"), 420),
        (mac, ("plists", PLIST, "format"), "json"),
        (mac, ("files", APP, "type"), "app"),
        (mac, ("console_user",), 501),
    ],
)
def test_a_document_of_another_form_is_no_state_document(make, path, value):
    document = make()
    node = document
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    assert not STATE.is_valid(document)


GOVERNOR = {"where": {"tunnel": "active"}, "equals": True, "owner": "x", "voids": True}
GOOD_CONTROLS = [
    tunnel_control(),
    prompt_control(),
    scope_control(governed_by=[GOVERNOR]),
    mac_control(instance_key="name"),
    tunnel_control(compare="number", expected=1, where={"registry": r"hklm:\X", "value": "", "type": "REG_DWORD"}),
    {
        **{name: tunnel_control()[name] for name in ("id", "title", "why", "severity")},
        "where": {"reachable": "file_sharing", "profile": "Public", "tell": "let_in", "addresses": [], "of": "managed"},
        "compare": "absent",
    },
    tunnel_control(where={"reachable": "remote_desktop", "profile": "{name}"}, compare="reachable_from", expected=[]),
    {
        **{name: tunnel_control()[name] for name in ("id", "title", "why", "severity")},
        "where": {"group": "S-1-5-32-555", "field": "members"},
        "compare": "set",
        "expected": ["S-1-5-21-1"],
    },
]
USERS: dict[str, Any] = {
    **{name: tunnel_control()[name] for name in ("id", "title", "why", "severity")},
    "scope": "users",
    "where": {"user_registry": r"Software\X", "value": "IMR", "type": "REG_BINARY", "decode": "wininet"},
    "compare": "fields",
    "expected": {"pac": True},
}
LATER = {"where": {"tunnel": "active"}, "equals": True, "reason": "a tunnel is up"}
GOOD_CONTROLS += [
    USERS,
    tunnel_control(remedy="none", cure="ask {name}", takes_effect="at the next start", postpone_if=[LATER]),
    tunnel_control(applies_if=[{"where": {"system": "edition_id"}, "one_of": ["Core"], "reason": "x"}]),
    {
        **USERS,
        "where": {"service": "X", "field": "state"},
        "scope": "machine",
        "compare": "one_of",
        "expected": ["Running"],
    },
    {**USERS, "where": {"group": "S-1-5-32-555", "member": "taro"}, "scope": "machine", "compare": "present"}
    | {"expected": None},
    {**USERS, "where": {"group": "S-1-5-32-555", "field": "members"}, "scope": "machine", "compare": "contains"}
    | {"expected": ["taro"]},
]
HEAD = {name: tunnel_control()[name] for name in ("id", "title", "why", "severity")}
GOOD_CONTROLS += [
    tunnel_control(when=True, otherwise="x"),
    tunnel_control(takes_effect=[{"where": {"console_user": "name"}, "is": "absent", "reason": "at the next logon"}]),
    {**HEAD, "when": False, "otherwise": "x"},
    tunnel_control(each=["IMR"], expected="{name}", remember=False),
    tunnel_control(each=[{"name": "IMR", "port": 1, "gateway": "x", "how": "none", "when": True}], remedy="{how}"),
]
BAD_CONTROLS = [
    tunnel_control(when="yes"),
    tunnel_control(takes_effect=7),
    tunnel_control(takes_effect=[{"where": {"console_user": "name"}, "is": "absent"}]),
    tunnel_control(when=False, otherwise=7),
    {**HEAD, "when": True},
    {**HEAD, "otherwise": "x"},
    tunnel_control(remember="no"),
    tunnel_control(remedy="{how} now"),
    tunnel_control(each=[{"name": "IMR", "port": 1, "gateway": "x", "when": "no"}]),
    tunnel_control(each=[7]),
    {**USERS, "scope": "everybody"},
    {**USERS, "scope": "machine"},
    {**USERS, "where": {"registry": r"HKLM\X", "value": "IMR", "type": "REG_BINARY", "decode": "wininet"}},
    {**USERS, "where": {**USERS["where"], "user": "S-1-5-21-1"}},
    {**USERS, "where": {**USERS["where"], "type": "REG_SZ"}},
    {**USERS, "where": {**USERS["where"], "decode": "base64"}},
    {**USERS, "where": {**USERS["where"], "user_registry": r"HKCU\Software"}},
    {**USERS, "where": {**USERS["where"], "user_registry": r"HKEY_CURRENT_USER\Software"}},
    {**USERS, "where": {**USERS["where"], "user_registry": r"\Software"}},
    {**USERS, "compare": "exact", "expected": "46"},
    tunnel_control(compare="fields"),
    tunnel_control(remedy="pray"),
    tunnel_control(cure=7),
    tunnel_control(postpone_if=[{**LATER, "is": "present"}]),
    tunnel_control(where={"group": "S-1-5-32-555"}),
    tunnel_control(where={"group": "S-1-5-32-555", "field": "members", "member": "taro"}),
    tunnel_control(where={"firewall_group": "@FirewallAPI.dll,-28752", "field": "names"}),
    tunnel_control(where={"firewall_rule": "X", "field": "enabled", "store": "policy"}),
    tunnel_control(compare="flag", expected=True),
    tunnel_control(applies_if=[{"where": {"system": "edition_id"}, "one_of": [], "reason": "x"}]),
    {},
    {name: value for name, value in tunnel_control().items() if name != "severity"},
    {name: value for name, value in tunnel_control().items() if name != "expected"},
    tunnel_control(id="Server"),
    tunnel_control(extra=1),
    tunnel_control(severity="urgent"),
    tunnel_control(compare="same"),
    tunnel_control(compare="present", expected="x"),
    tunnel_control(each="IMR"),
    tunnel_control(where={"registry": "SOFTWARE"}),
    tunnel_control(where={"registry": TUNNELS, "value": "X"}),
    tunnel_control(where={"registry": TUNNELS, "value": "X", "type": "SZ"}),
    tunnel_control(where={"plist": PLIST}),
    tunnel_control(where={"plist": PLIST, "key": ["A"], "attribute": "mode"}),
    tunnel_control(where={"firewall_rule": "X"}),
    tunnel_control(where={"reachable": "printing", "profile": "Public"}),
    tunnel_control(where={"reachable": "file_sharing", "profile": "Public", "tell": "off", "addresses": []}),
    tunnel_control(where={"reachable": "file_sharing", "profile": "Public", "tell": "let_in"}),
    tunnel_control(where={"registry": TUNNELS, "product": "X"}),
    tunnel_control(applies_if=[{"where": {"tunnel": "active"}, "reason": "x"}]),
    tunnel_control(applies_if=[{"where": {"tunnel": "active"}, "is": "present", "equals": 1, "reason": "x"}]),
    tunnel_control(governed_by=[{"where": {"tunnel": "active"}, "is": "maybe", "owner": "x"}]),
    tunnel_control(governed_by=[{**GOVERNOR, "voids": "yes"}]),
]


@pytest.mark.parametrize("control", GOOD_CONTROLS)
def test_schema_and_code_take_the_same_controls(control):
    CONTROL.validate(control)
    assert len(expand([control])) == 1


@pytest.mark.parametrize("control", BAD_CONTROLS)
def test_schema_and_code_refuse_the_same_controls(control):
    assert not CONTROL.is_valid(control)
    with pytest.raises(ControlError):
        expand([control])


def stamped(status: str) -> dict[str, Any]:
    return stamp([record("a.b", status, role="r", expected=["x"], actual={"y": 1})], **STAMP)[0]


def test_a_record_s_type_has_the_keys_of_the_schema():
    schema: Any = RECORD.schema
    hints = get_type_hints(Record, include_extras=True)
    assert {*hints} == {*schema["properties"]}
    assert {key for key, hint in hints.items() if get_origin(hint) is not NotRequired} == {*schema["required"]}


@pytest.mark.parametrize("status", STATUSES)
def test_records_of_every_status_fit_the_schema(status):
    item = {**stamped(status), **({"before": None} if status == "fixed" else {})}
    RECORD.validate(item)
    assert check_record(item) is None


@pytest.mark.parametrize(
    "change",
    [
        {"status": "ok"},
        {"before": 1},
        {"status": "fixed"},
        {"severity": "urgent"},
        {"instance": 7},
        {"extra": 1},
        {"next": 7},
        {"scope": 7},
        {"reason": None},
        {"versions": []},
    ],
)
def test_schema_and_code_refuse_the_same_records(change):
    item = {**stamped("compliant"), **change}
    assert not RECORD.is_valid(item)
    assert check_record(item) is not None


def test_whatever_the_comparison_makes_fits_the_schema():
    document = windows()
    broken = copy.deepcopy(document)
    broken["registry"][TUNNELS]["keys"]["IMR"]["values"]["Server"]["data"] = "x"
    controls = [tunnel_control(), prompt_control(), scope_control(each=[{"name": "Nosuch"}])]
    before = plan(controls, broken, "vpn_profile", reads=WINDOWS_READS).as_dict()
    apple = plan([mac_control()], mac(), "vpn_profile", reads=MAC_READS).as_dict()
    records = [
        *before["records"],
        *read_back(before, controls, document, reads=WINDOWS_READS),
        *read_back(before, controls, None, reads=WINDOWS_READS, failures=[{"reason": "lost", "records": []}]),
        *plan(controls, document, "vpn_profile", reads=WINDOWS_READS, state="absent").records,
        *apple["records"],
        unreachable("no answer"),
        unusable_state("garbage"),
    ]
    assert {item["status"] for item in records} == {"compliant", "drifted", "fixed", "error", "unreachable"}
    for item in stamp(records, **STAMP):
        RECORD.validate(item)
        assert check_record(item) is None


WAIVER = {
    **{"control": "vpn_profile.port", "hosts": ["pc1"], "instance": None, "owner": "Suzuki", "reason": "a test"},
    **{"expires": "2026-12-31", "ticket": ""},
}
REPORTED: dict[str, Any] = {
    **{"owner": "Suzuki", "life": "offsite", "since": "2026-11-20T14:30:00Z", "news": "still", "moved": "desired"},
    **{"flapping": True, "changes": [{"at": "2026-11-20T14:30:00Z", "status": "drifted"}], "waiver": WAIVER},
}


def reported(**fields: Any) -> dict[str, Any]:
    return {**stamp([record("a.b", "drifted", role="vpn_profile")], **STAMP)[0], **REPORTED, **fields}


def test_what_the_report_adds_to_a_record_fits_the_schema_and_the_check():
    RECORD.validate(reported())
    assert check_record(reported()) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"owner": 1},
        {"life": "lost"},
        {"since": 20261120},
        {"news": "old"},
        {"moved": "nobody"},
        {"flapping": "yes"},
        {"changes": {}},
        {"changes": [{"at": "2026-11-20T14:30:00Z"}]},
        {"waiver": {**WAIVER, "hosts": "pc1"}},
        {"waiver": {key: WAIVER[key] for key in WAIVER if key != "reason"}},
        {"waiver": {**WAIVER, "forever": True}},
        {"put_back": []},
    ],
    ids=str,
)
def test_what_the_report_adds_wrongly_fits_neither(wrong):
    assert check_record(reported(**wrong)) is not None
    with pytest.raises(jsonschema.ValidationError):
        RECORD.validate(reported(**wrong))
