"""Controls of every user's own registry: what is found, written, remembered and put back for each of them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from plugins.plugin_utils.controls.controls import ControlError
from plugins.plugin_utils.plan.plan import Plan, plan
from plugins.plugin_utils.plan.read_back import read_back
from plugins.plugin_utils.values.wininet import decode, encode
from tests.samples.documents import BEFORE, MISSING, WINDOWS_READS, dword, key, sz, windows

PLACE = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections"
TARO, HANAKO, GUEST = "S-1-5-21-1-2-3-1001", "S-1-12-1-4-5-6-7", "S-1-5-21-1-2-3-1003"
PAC = "http://proxy.imr.tohoku.ac.jp/proxy.pac"
DESIRED: dict[str, Any] = {"auto_detect": False, "pac": True, "pac_url": PAC}
READS = {**WINDOWS_READS, "user_registry": [{"path": PLACE}, {"path": r"Software\Example", "depth": 2}]}
CONTROL: dict[str, Any] = {
    "id": "fortissl_proxy.pac",
    "title": "The connection {name} has the PAC",
    "why": "service.md#proxy-on-windows",
    "severity": "high",
    "scope": "users",
    "each": [{"name": "fortissl"}],
    "where": {"user_registry": PLACE, "value": "{name}", "type": "REG_BINARY", "decode": "wininet"},
    "expected": DESIRED,
    "compare": "fields",
}
NUMBER: dict[str, Any] = {
    **{name: CONTROL[name] for name in ("title", "why", "severity", "scope")},
    "id": "example.number",
    "title": "A number",
    "where": {"user_registry": r"Software\Example\A", "value": "N", "type": "REG_DWORD"},
    "expected": 7,
    "compare": "number",
}


def binary(data: str) -> dict[str, Any]:
    return {"type": "REG_BINARY", "data": data}


def blob(**fields: Any) -> dict[str, Any]:
    return binary(encode(fields, None))


def user(path: str, hive: str = "file", connections: Any = None, example: Any = None) -> dict[str, Any]:
    registry = {PLACE: connections or key(), r"Software\Example": example or MISSING}
    return {"profile_path": path, "hive": hive, "logged_on": hive == "loaded", "registry": registry}


def document(**changes: Any) -> dict[str, Any]:
    """Return a machine with Taro at work, Hanako away, and the profile that new users get."""
    users = {
        TARO: user(r"C:\Users\taro", "loaded"),
        HANAKO: user(r"C:\Users\花子"),
        "default": user(r"C:\Users\Default"),
    }
    return {**windows(), "users": {**users, **changes}}


def run(controls: list[dict[str, Any]], state_document: dict[str, Any], **options: Any) -> Plan:
    return plan(controls, state_document, "role", reads=READS, **options)


def statuses(result: Plan) -> dict[str, str]:
    return {item["scope"]: item["status"] for item in result.records}


def carried_out(state_document: dict[str, Any], result: Plan) -> dict[str, Any]:
    """Return the document after the plan's tasks."""
    after = copy.deepcopy(state_document)
    homes = {f"{item['profile_path']}\\NTUSER.DAT": sid for sid, item in after["users"].items()}
    for item in result.writes.as_dict()["registry"]:
        if "hive" in item:
            registry, path = (
                after["users"][homes[item["hive"]]]["registry"],
                item["path"].removeprefix("HKLM:\\ANSIBLE\\"),
            )
        else:
            sid, path = item["path"].removeprefix("HKU:\\").split("\\", 1)
            registry = after["users"][sid]["registry"]
        top = next(asked for asked in registry if path.startswith(asked))
        inner = [part for part in path.removeprefix(top).split("\\") if part]
        if item["delete_key"]:
            parent = registry[top]
            for part in inner[:-1]:
                parent = parent["keys"][part]
            if inner:
                del parent["keys"][inner[-1]]
            else:
                registry[top] = MISSING
            continue
        if not registry[top]["exists"]:
            registry[top] = key()
        here = registry[top]
        for part in inner:
            here = here["keys"].setdefault(part, key())
        if item["state"] == "absent":
            del here["values"][item["name"]]
        elif item["type"] == "binary":
            here["values"][item["name"]] = binary(item["data"].replace(",", ""))
        else:
            here["values"][item["name"]] = dword(item["data"])
    if result.keep is not None:
        after["registry"][BEFORE] = key({"role": sz(result.keep)})
    if result.forget:
        after["registry"][BEFORE] = MISSING
    return after


def test_every_user_and_the_users_to_come_have_a_record_of_their_own():
    result = run([CONTROL], document())
    assert statuses(result) == {HANAKO: "drifted", TARO: "drifted", "default": "drifted"}
    assert {item["instance"] for item in result.records} == {"fortissl"}
    assert result.records[0]["evidence"] == f"HKU\\{HANAKO}\\{PLACE} fortissl"


def test_users_have_their_names_in_records_and_on_the_screen():
    named = document()
    named["users"][TARO]["name"], named["users"][HANAKO]["name"] = "PC1\\taro", None
    named["users"]["default"]["name"] = "nobody"
    result = run([CONTROL], named)
    assert {item["scope"]: item.get("user") for item in result.records} == {
        TARO: "PC1\\taro",
        # Windows knows no account of this SID any more.
        HANAKO: "C:\\Users\\花子",
        "default": None,
    }
    labels = {item["label"].split(" (")[0] for item in result.writes.as_dict()["registry"]}
    assert labels == {
        f"{CONTROL['id']} fortissl PC1\\taro",
        f"{CONTROL['id']} fortissl C:\\Users\\花子",
        f"{CONTROL['id']} fortissl new users",
    }
    broken = document(**{TARO: {"error": "access denied"}})
    assert [item.get("user") for item in run([CONTROL], broken).records if item["scope"] == TARO] == [None]


def test_a_hive_that_something_else_holds_is_an_error_with_its_holder_and_the_cure():
    held = {"error": r"C:\Users\taro\NTUSER.DAT cannot be loaded: reg.exe ended with 1 (x); it is loaded at HKU\Backup"}
    broken = user(r"C:\Users\taro", connections=held, example=held)
    (found,) = [item for item in run([CONTROL], document(**{TARO: broken})).records if item["scope"] == TARO]
    assert (found["status"], found["user"]) == ("error", r"C:\Users\taro")
    assert found["reason"].startswith(
        f"HKU\\{TARO}\\{PLACE} could not be read: {held['error']}. Find out what loaded it"
    )
    assert found["reason"].endswith(r"(reg unload HKU\Backup)")


def test_a_user_at_work_is_written_in_place_and_another_one_in_a_file():
    items = run([CONTROL], document()).writes.as_dict()["registry"]
    assert [(item.get("hive"), item["path"]) for item in items] == [
        (r"C:\Users\花子\NTUSER.DAT", "HKLM:\\ANSIBLE\\" + PLACE),
        (None, f"HKU:\\{TARO}\\{PLACE}"),
        (r"C:\Users\Default\NTUSER.DAT", "HKLM:\\ANSIBLE\\" + PLACE),
    ]
    assert items[1]["records"] == [["fortissl_proxy.pac", "fortissl", TARO]]
    assert items[1]["label"] == f"fortissl_proxy.pac fortissl C:\\Users\\taro ({TARO}) (service.md#proxy-on-windows)"


def test_a_hive_that_is_loaded_without_its_user_is_written_in_place():
    lingering = {**user(r"C:\Users\x", "loaded"), "logged_on": False}
    items = run([CONTROL], document(**{GUEST: lingering})).writes.as_dict()["registry"]
    assert f"HKU:\\{GUEST}\\{PLACE}" in [item["path"] for item in items]


def test_what_is_there_of_a_binary_value_stays_but_for_the_named_fields():
    there = encode({"manual": True, "proxy": "old:8080", "bypass": "<local>", "auto_detect": True}, None)
    there = there[:-64] + "01" + "00" * 31
    state_document = document()
    state_document["users"][TARO]["registry"][PLACE] = key({"FORTISSL": binary(there)})
    written = next(item for item in run([CONTROL], state_document).writes.as_dict()["registry"] if "hive" not in item)
    assert (written["type"], written["name"]) == ("binary", "fortissl")
    assert decode(written["data"].replace(",", "")) == {
        "version": 70,
        "counter": 2,
        "direct": True,
        "manual": True,
        "pac": True,
        "auto_detect": False,
        "proxy": "old:8080",
        "bypass": "<local>",
        "pac_url": PAC,
        "trailer": "01" + "00" * 31,
    }


def test_a_record_reports_the_fields_that_it_is_about():
    state_document = document()
    state_document["users"][TARO]["registry"][PLACE] = key({"fortissl": blob(pac=True, pac_url="http://x/", proxy="y")})
    found = next(item for item in run([CONTROL], state_document).records if item["scope"] == TARO)
    assert found["actual"] == {"auto_detect": False, "pac": True, "pac_url": "http://x/"}
    assert found["reason"] == f'pac_url is "http://x/", should be "{PAC}"'


@pytest.mark.parametrize("counter", [1, 2**32 - 1])
def test_the_same_settings_are_compliant_whatever_the_counter_and_the_trailer(counter):
    data = bytearray.fromhex(encode(DESIRED, None))
    data[4:8] = counter.to_bytes(4, "little")
    data[-1] = 9
    state_document = document()
    for item in state_document["users"].values():
        item["registry"][PLACE] = key({"fortissl": binary(data.hex())})
    assert set(statuses(run([CONTROL], state_document)).values()) == {"compliant"}


@pytest.mark.parametrize("value", [binary(""), binary("46"), binary("ff" * 20), sz("46000000"), dword(1)])
def test_what_is_no_proxy_setting_is_drift_and_is_remembered_as_it_was(value):
    state_document = document()
    state_document["users"][TARO]["registry"][PLACE] = key({"fortissl": value})
    result = run([CONTROL], state_document)
    assert statuses(result)[TARO] == "drifted"
    entries = json.loads(result.keep or "")["entries"]
    assert [item["before"] for item in entries if item["where"]["user"] == TARO] == [
        {"value": value["data"], "type": value["type"]}
    ]
    applied = carried_out(state_document, result)
    assert statuses(run([CONTROL], applied))[TARO] == "compliant"
    back = run([CONTROL], applied, state="absent")
    item = next(item for item in back.writes.as_dict()["registry"] if "hive" not in item)
    expected = (
        ",".join(value["data"][at : at + 2] for at in range(0, len(value["data"]), 2))
        if "BIN" in value["type"]
        else value["data"]
    )
    assert item["data"] == expected


def test_settings_that_windows_would_ignore_are_drift():
    data = bytearray.fromhex(encode(DESIRED, None))
    for at, byte, words in ((0, 0x3C, "version is 60, should be 70"), (8, 4, "direct is false, should be true")):
        changed = bytearray(data)
        changed[at] = byte
        state_document = document()
        state_document["users"][TARO]["registry"][PLACE] = key({"fortissl": binary(changed.hex())})
        found = next(item for item in run([CONTROL], state_document).records if item["scope"] == TARO)
        assert (found["status"], found["reason"]) == ("drifted", words)


def test_a_profile_without_a_hive_is_not_applicable():
    registry = {PLACE: MISSING, r"Software\Example": MISSING}
    gone = {**user(r"C:\Users\x", "missing"), "registry": registry}
    result = run([CONTROL], document(**{GUEST: gone}))
    assert statuses(result)[GUEST] == "not_applicable"
    assert len(result.writes.as_dict()["registry"]) == 3


@pytest.mark.parametrize("node", ["user", "hive"])
def test_a_user_who_cannot_be_read_is_an_error_and_the_others_go_on(node):
    broken: dict[str, Any] = {"error": "access denied"}
    if node == "hive":
        broken = {
            **user(r"C:\Users\x"),
            "registry": {PLACE: {"error": "in use"}, r"Software\Example": {"error": "in use"}},
        }
    result = run([CONTROL], document(**{GUEST: broken}))
    assert statuses(result)[GUEST] == "error"
    assert len(result.writes.as_dict()["registry"]) == 3


@pytest.mark.parametrize("users", [{}, {"error": "no ProfileList"}])
def test_users_that_nobody_read_are_one_error_and_not_nobody(users):
    (found,) = run([CONTROL], {**windows(), "users": users}).records
    assert (found["scope"], found["status"]) == ("default", "error")


def test_what_the_role_did_not_ask_for_is_an_error():
    (found, *_others) = plan([CONTROL], document(), "role", reads=WINDOWS_READS).records
    assert found["status"] == "error"
    assert "was not read in full" in found["reason"]


def test_conditions_and_owners_are_each_user_s_own():
    condition = {
        "where": {"user_registry": r"Software\Example", "value": "Off"},
        "is": "absent",
        "reason": "switched off",
    }
    owner = {"where": {"user_registry": r"Software\Example", "value": "Boss"}, "one_of": [1, 2], "owner": "the boss"}
    state_document = document()
    state_document["users"][TARO]["registry"][r"Software\Example"] = key({"Off": dword(1)})
    state_document["users"][HANAKO]["registry"][r"Software\Example"] = key({"Boss": dword(2)})
    control = {**CONTROL, "applies_if": [condition], "governed_by": [owner]}
    assert statuses(run([control], state_document)) == {
        TARO: "not_applicable",
        HANAKO: "managed_elsewhere",
        "default": "drifted",
    }


# ---- Read back, remembered, put back


def test_a_second_run_changes_nothing_and_absent_gives_everything_back():
    state_document = document()
    state_document["users"][HANAKO]["registry"][PLACE] = key({"fortissl": blob(manual=True, proxy="a:1")})
    state_document["users"]["default"]["registry"][r"Software\Example"] = key({"Theirs": dword(1)})
    first = run([CONTROL, NUMBER], state_document)
    applied = carried_out(state_document, first)
    assert not run([CONTROL, NUMBER], applied).as_dict()["has_writes"]
    back = run([CONTROL, NUMBER], applied, state="absent")
    restored = carried_out(applied, back)
    assert restored == {**state_document, "registry": {**state_document["registry"], BEFORE: MISSING}}


def test_every_user_s_record_is_judged_on_its_own():
    before = json.loads(json.dumps(run([CONTROL], document()).as_dict()))
    after = carried_out(document(), run([CONTROL], document()))
    after["users"][HANAKO]["registry"][PLACE] = key()
    after["users"][TARO]["registry"][PLACE] = key()
    why = {
        "reason": "Write registry values: the file is in use",
        "records": [["fortissl_proxy.pac", "fortissl", HANAKO]],
    }
    records = read_back(before, [CONTROL], after, reads=READS, failures=[why])
    assert {item["scope"]: item["status"] for item in records} == {TARO: "drifted", HANAKO: "error", "default": "fixed"}
    assert next(item["reason"] for item in records if item["scope"] == HANAKO) == (
        "could not be written: Write registry values: the file is in use"
    )


def test_a_profile_that_is_gone_has_nothing_to_put_back():
    applied = carried_out(document(), run([CONTROL], document()))
    del applied["users"][HANAKO]
    back = run([CONTROL], applied, state="absent")
    assert statuses(back) == {HANAKO: "compliant", TARO: "drifted", "default": "drifted"}
    assert back.forget


def test_users_that_nobody_read_keep_the_memory():
    applied = carried_out(document(), run([CONTROL], document()))
    applied["users"] = {}
    back = run([CONTROL], applied, state="absent")
    assert set(statuses(back).values()) == {"error"}
    assert not back.as_dict()["has_writes"]


def test_a_new_user_is_remembered_behind_the_others():
    applied = carried_out(document(), run([CONTROL], document()))
    applied["users"][GUEST] = user(r"C:\Users\guest")
    result = run([CONTROL], applied)
    assert [item["hive"] for item in result.writes.as_dict()["registry"]] == [r"C:\Users\guest\NTUSER.DAT"]
    assert [item["where"]["user"] for item in json.loads(result.keep or "")["entries"]][-1] == GUEST


def test_a_user_who_logged_on_since_is_put_back_in_place():
    applied = carried_out(document(), run([CONTROL], document()))
    applied["users"][HANAKO] |= {"hive": "loaded", "logged_on": True}
    paths = [item["path"] for item in run([CONTROL], applied, state="absent").writes.as_dict()["registry"]]
    assert f"HKU:\\{HANAKO}\\{PLACE}" in paths


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scope": "everybody"}, "allowed: machine, users"),
        ({"where": {"registry": r"HKLM\X", "value": "N", "type": "REG_BINARY", "decode": "wininet"}}, "user_registry"),
        ({"scope": "machine"}, "needs scope: users"),
        ({"where": {**CONTROL["where"], "user": TARO}}, "says whose it is"),
        ({"where": {**CONTROL["where"], "user_registry": r"HKCU\Software"}}, "from the top of the hive"),
        ({"where": {**CONTROL["where"], "type": "REG_SZ"}}, "type: REG_BINARY"),
        ({"compare": "exact"}, "belong together"),
        ({"expected": {"pac_uri": PAC}}, "pac_uri is not known"),
        ({"expected": {"counter": 1}}, "counter is not known"),
        ({"expected": {"direct": False}}, "direct: false"),
        ({"expected": {"pac": 1}}, "true or false"),
        ({"expected": {}}, "an object of fields"),
    ],
)
def test_a_mistake_in_the_data_is_reported(changes, words):
    with pytest.raises(ControlError, match=words):
        run([{**CONTROL, **changes}], document())


def test_thousands_of_users_are_each_compared_and_noted_once():
    many = {f"S-1-5-21-{number}": copy.deepcopy(document()["users"][TARO]) for number in range(2000)}
    crowded = document()
    crowded["users"] = {**many, "default": crowded["users"]["default"]}
    result = run([CONTROL], crowded)
    drifted = [item["scope"] for item in result.records if item["status"] == "drifted" and item["scope"] in many]
    assert drifted == sorted(many)
    noted = [item["where"]["user"] for item in json.loads(result.keep or "")["entries"] if "value" in item["where"]]
    assert [user for user in noted if user in many] == sorted(many)
