"""Whatever an endpoint answers, it ends in records of this endpoint: not in a run that breaks off, not in another's."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.action.endpoint_compare import judge
from plugins.plugin_utils.records.records import check_record, record, sound
from plugins.plugin_utils.state.document import check_document
from plugins.plugin_utils.state.reader import Reader
from plugins.plugin_utils.state.run_store import Known
from tests.samples.documents import (
    BEFORE,
    TUNNELS,
    WINDOWS_READS,
    key,
    prompt_control,
    scope_control,
    sz,
    tunnel_control,
    windows,
)
from tests.samples.run import VPN, Run

STAMP: dict[str, Any] = {"run": "r1", "endpoint": "pc1", "at": "2026-11-23T14:30:00Z", "versions": {"x": "1"}}
WANTED: dict[str, Any] = {
    "state": "present",
    "controls": [tunnel_control(), prompt_control(), scope_control()],
    "reads": WINDOWS_READS,
    "looks": False,
}
ODD: list[Any] = [
    None, True, 0, -1.5, float("nan"), 10**400, "", "x\ud800", "\x1b[2J", [], [[]], {}, {"error": 7}, {"error": "x"},
    {"exists": True}, {"exists": "yes"}, {"sid": 1}, [{"sid": "S-1-5-18"}], {"__ansible_type": "x"},
    {"__ansible_unsafe": "x"}, {"type": [], "data": {}}, {"type": "REG_SZ", "data": ["x"]},
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every part of a document."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [way for name, part in parts for way in places(part, (*path, name))]


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(windows())
    inner: Any = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return document


def is_sound(document: Any, state: str = "present") -> list[dict[str, Any]]:
    if check_document(document):
        return []
    found = judge(document, VPN, {**WANTED, "state": state}, platform="Windows")
    records = sound(found["records"], **STAMP)
    assert [check_record(item) for item in records] == [None] * len(records)
    assert {item["endpoint"] for item in records} == {"pc1"}
    json.dumps(records, allow_nan=False)
    return records


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_any_part_of_a_document_may_be_anything(value, state):
    for path in places(windows()):
        is_sound(changed(path, value), state)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(places(windows())),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    ),
)
def test_random_answers_end_in_records(path, value):
    is_sound(changed(path, value))


def entry(where: Any, before: Any) -> str:
    return json.dumps(
        {"schema": 1, "entries": [{"control": "a.b", "instance": None, "where": where, "before": before}]}
    )


VALUE = {"registry": TUNNELS, "value": "x"}
NOTES = [
    "[" * 100_000,
    ["x"],
    {"a": 1},
    7,
    '{"schema": 1, "entries": [' + '{"a":' * 400 + "1" + "}" * 400 + "]}",
    entry({"registry": {"x": 1}}, 1),
    entry({"service": "x", "field": ["state"]}, {}),
    entry(VALUE, {"value": [[1]], "type": "REG_SZ"}),
    entry(VALUE, {"value": {"a": 1}, "type": "REG_DWORD"}),
    entry(VALUE, {"value": "x", "type": ["REG_SZ"]}),
]


@pytest.mark.parametrize("note", NOTES, ids=range(len(NOTES)))
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_note_that_nobody_of_us_wrote_is_an_error_and_nothing_is_written_on_its_word(note, state):
    document = windows()
    document["registry"][TUNNELS]["keys"]["IMR"]["values"]["Server"] = sz("evil.example.com:443")
    document["registry"][BEFORE] = key({VPN: {"type": "REG_SZ", "data": note}})
    found = judge(document, VPN, {**WANTED, "state": state}, platform="Windows")
    errors = {item["control"] for item in found["records"] if item["status"] == "error"}
    assert errors == {f"{VPN}.memory"}
    assert found["has_writes"] is False


def test_an_answer_that_nobody_thought_of_is_an_error_of_this_endpoint(monkeypatch):
    def no(*_arguments: Any, **_more: Any) -> Any:
        raise KeyError("sid")

    monkeypatch.setattr("plugins.action.endpoint_compare.plan", no)
    found = judge(windows(), VPN, WANTED, platform="Windows")
    (item,) = found["records"]
    assert (item["control"], item["status"]) == ("endpoint.state", "error")
    assert item["reason"] == "what the endpoint answered cannot be compared (KeyError: 'sid')"
    assert found["has_writes"] is False


def test_one_that_answers_oddly_after_the_writing_has_errors_and_no_fixed_records(a_run: Run, monkeypatch):
    a_run.document["registry"][TUNNELS]["keys"]["IMR"]["values"]["Server"] = sz("evil.example.com:443")
    a_run.compare(VPN)

    def no(*_arguments: Any, **_more: Any) -> Any:
        raise TypeError("unhashable type: 'dict'")

    monkeypatch.setattr("plugins.plugin_utils.plan.read_back.plan", no)
    a_run.read_back(report_follows=True)
    assert {item["status"] for item in a_run.known.records[VPN]} == {"error", "compliant"}
    assert "unhashable" in " ".join(a_run.reasons().values())


DEEP: Any = []
for _level in range(400):
    DEEP = [DEEP]


def parsed_oddly(failure: BaseException) -> Any:
    def _parse_returned_data(*_arguments: Any, **_more: Any) -> Any:
        raise failure

    return _parse_returned_data


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (windows() | {"users": DEEP}, "users.0.0.0 is nested deeper than anything that is read"),
        (windows() | {"platform": {"a": 1}}, "the document has platform {'a': 1}"),
        (windows() | {"schema": 10**400}, "the document has schema 1000"),
        (parsed_oddly(TypeError("Object of type 'x' is not JSON deserializable")), "take in: TypeError: Object of"),
        (parsed_oddly(RecursionError("maximum recursion depth exceeded")), "cannot take in: RecursionError: maximum"),
        ({"failed": True, "msg": "x" * 1_048_576}, "1,048,576 characters, cut"),
        ({"failed": True, "error": ["x"], "msg": {"a": [1]}}, "{'a': [1]}"),
        ({"failed": True, "msg": "http://bob:PASSWORD@proxy.example.org/"}, "http://bob:***@proxy.example.org/"),
    ],
    ids=range(8),
)  # fmt: skip
def test_an_answer_of_an_odd_shape_is_one_short_error(a_run: Run, answer, words):
    action = type("Action", (), {})()
    action._execute_module = (
        answer if callable(answer) else lambda **_given: answer if "failed" in answer else {"document": answer}
    )
    action._connection = type("C", (), {"_shell": type("S", (), {"_IS_WINDOWS": True})(), "transport": "local"})()
    state = Reader(action, {}, 5).read([WINDOWS_READS])
    assert (state["reachable"], state["document"]) == (True, None)
    assert words in state["error"]
    assert len(state["error"]) < 2500


FORGED = {
    **record("vpn_profile.port", "drifted", role=VPN),
    **{"endpoint": "pc2", "run": "r0", "at": "2020-01-01T00:00:00Z", "versions": {"offsite_endpoints": "9.9"}},
}


def test_what_a_record_says_of_its_own_endpoint_run_time_and_versions_does_not_count():
    (item,) = sound([FORGED], **STAMP)
    assert {key: item[key] for key in STAMP} == STAMP


@pytest.mark.parametrize(
    "bad",
    [None, 7, "x", [], {}, {**FORGED, "status": ["error"]}, {**FORGED, "status": "fine"}, {**FORGED, "extra": 1},
     {**FORGED, "waiver": {"x": 1}}, {**FORGED, "changes": 7}, {**FORGED, "instance": {"a": 1}}],
    ids=range(11),
)  # fmt: skip
def test_a_bad_part_costs_its_own_endpoint_one_error(bad):
    good = record("vpn_profile.server", "compliant", role=VPN)
    records = sound([good, bad], **STAMP)
    assert [check_record(item) for item in records] == [None, None]
    assert [(item["control"], item["status"]) for item in records] == [
        ("vpn_profile.server", "compliant"),
        ("endpoint.state", "error"),
    ]
    assert records[1]["reason"].startswith("what this endpoint answered cannot be recorded: ")


def test_a_megabyte_is_cut_with_a_word_and_two_that_differ_behind_the_cut_are_told_apart():
    one, other = (
        sound([record("a.b", "drifted", role=VPN, actual=("x" * 1_048_576) + end)], **STAMP)[0]["actual"]
        for end in ("a", "b")
    )
    assert len(one) <= 4096
    assert "... 1,048,577 characters, cut (SHA-256 " in one
    assert one != other


def test_secrets_of_urls_are_in_no_record():
    url = "http://bob:PASSWORD@proxy.example.org/p.pac?token=SECRET"
    item = record("a.b", "drifted", role=VPN, expected=url, actual=[url, {"x": url}], reason=f"is {url}", evidence=url)
    (kept,) = sound([{**item, "put_back": json.dumps({"value": url})}], **STAMP)
    assert not any(word in json.dumps(kept) for word in ("PASSWORD", "SECRET"))
    assert kept["put_back"] == ""


@pytest.mark.parametrize(
    "facts",
    [
        {"inventory_hostname": "nb-2"},
        {"endpoint_records": {}},
        {"endpoint_report_history": "/x"},
        {"vpn_profile_gateway": "evil.example.com"},
        {"__endpoint_controls_plan": {}},
        {"group_names": []},
    ],
    ids=str,
)
def test_an_endpoint_whose_answer_wants_to_replace_variables_is_believed_nothing_more(a_run: Run, store, facts):
    a_run.compare(VPN)
    before = vars(a_run.known)
    # As Ansible shows a fact to the tasks after it, with inject_facts_as_vars and without.
    for variables in ({"ansible_facts": facts}, {"ansible_facts": facts, **facts}):
        a_run.variables = variables
        with pytest.raises(AnsibleActionFail, match=next(iter(facts))):
            a_run.compare(VPN)
        with pytest.raises(AnsibleActionFail, match="look at the machine itself"):
            a_run.read_back()
    a_run.variables = {}
    assert vars(a_run.known) == before
    assert vars(store.endpoint("nb-2")) == vars(Known())


def test_facts_about_the_machine_are_no_forgery(a_run: Run):
    a_run.variables = {"ansible_facts": {"distribution": "x", "endpoint_state": {}, "vpn": 1, "time_sync": 1}}
    a_run.compare(VPN)
    assert a_run.statuses()["server"] == "compliant"
