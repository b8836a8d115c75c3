"""Whatever an endpoint answers, and whatever stands in its note, the comparison ends in records."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.action.endpoint_read_back import noted
from plugins.plugin_utils.plan.left import values_of
from plugins.plugin_utils.plan.plan import plan
from plugins.plugin_utils.plan.read_back import read_back
from tests.samples.documents import MAC_READS, mac, mac_control
from tests.samples.in_memory import InMemory
from tests.samples.roles import document_of
from tests.samples.started import WISHES, examples, machine_like

NOTE = r"HKLM\SOFTWARE\OffsiteEndpoints\Before"
STATUSES = {"compliant", "drifted", "error", "not_applicable", "managed_elsewhere"}
# What no reader answers: every type, surrogates, controls, what is too large for a float, and what only looks right.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["\ud800", "\0", "\u202e", "9" * 5000, "v2.33|", "S-1-5-18", "Running", "REG_SZ", "[" * 5000]),
)
KEYS = st.sampled_from(["error", "exists", "values", "keys", "type", "data", "hive", "sid", "name"])
ANY = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.sampled_from(["error", "exists", "values", "keys", "type", "data", "hive"]), st.text(max_size=3)
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)
BEFORE = st.one_of(
    ANY, st.fixed_dictionaries({}, optional={"value": ANY, "type": ANY, "absent": ANY, "shared": ANY, "made": ANY})
)
ENTRY = st.fixed_dictionaries(
    {
        "control": st.one_of(st.just("vpn_profile.server"), ANY),
        "instance": st.one_of(st.none(), st.just("IMR"), ANY),
        "where": st.one_of(
            st.fixed_dictionaries({"registry": st.one_of(st.just(NOTE), ANY), "value": ANY}),
            st.fixed_dictionaries({"service": st.one_of(st.just("TermService"), ANY), "field": ANY}),
            st.fixed_dictionaries({"group": ANY, "member": ANY}),
            ANY,
        ),
        "before": BEFORE,
    }
)
MEMORY = st.one_of(
    SCALARS,
    st.fixed_dictionaries({"schema": st.just(1), "entries": st.lists(ENTRY, max_size=3)}).map(json.dumps),
    ANY.map(json.dumps),
)


@cache
def answers(role: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a role wants, and what a machine answers to it."""
    wanted = InMemory(machine_like(0), role, WISHES[role][0]).wanted()
    return wanted, document_of(machine_like(0), wanted["reads"])


def paths(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if above:
        yield above
    if isinstance(node, dict):
        for name, inner in node.items():
            yield from paths(inner, (*above, name))
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from paths(inner, (*above, number))


def put(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    node: Any = document
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value


def compared(wanted: dict[str, Any], document: dict[str, Any], role: str, state: str) -> list[dict[str, Any]]:
    """Compare, read back and look at the note, as a run does; return the records of both."""
    doing = plan(wanted["controls"], document, role, reads=wanted["reads"], state=state).as_dict()
    json.dumps(doing)  # it travels so
    after = read_back(doing, wanted["controls"], document, reads=wanted["reads"])
    noted(doing, document, wanted["reads"], has_been_changed=False)
    values_of(wanted["controls"], document, role, reads=wanted["reads"])
    return [*doing["records"], *after]


@pytest.mark.parametrize("role", WISHES)
def test_any_answer_of_a_windows_machine_ends_in_records(role: str) -> None:
    wanted, good = answers(role)
    everywhere = sorted(paths(good), key=repr)

    @examples(25)
    @given(where=st.lists(st.sampled_from(everywhere), min_size=1, max_size=3, unique=True), data=st.data())
    def odd(where: list[tuple[Any, ...]], data: st.DataObject) -> None:
        document = copy.deepcopy(good)
        for path in sorted(where, key=len, reverse=True):
            put(document, path, data.draw(ANY))
        for state in ("present", "absent"):
            assert {one["status"] for one in compared(wanted, document, role, state)} <= STATUSES

    odd()


def test_any_answer_of_a_mac_ends_in_records() -> None:
    everywhere = sorted(paths(mac()), key=repr)
    wanted = {"controls": [mac_control()], "reads": MAC_READS}

    @examples(40)
    @given(where=st.sampled_from(everywhere), value=ANY, state=st.sampled_from(["present", "absent"]))
    def odd(where: tuple[Any, ...], value: Any, state: str) -> None:
        document = mac()
        put(document, where, value)
        assert {one["status"] for one in compared(wanted, document, "vpn_profile", state)} <= STATUSES

    odd()


@examples(60)
@given(memory=MEMORY, state=st.sampled_from(["present", "absent"]))
def test_any_note_is_understood_or_refused_and_then_nothing_is_written(memory: Any, state: str) -> None:
    wanted, good = answers("vpn_profile")
    document = copy.deepcopy(good)
    values = {"vpn_profile": {"type": "REG_SZ", "data": memory}}
    document["registry"][NOTE] = {"exists": True, "values": values, "keys": {}}
    records = compared(wanted, document, "vpn_profile", state)
    refused = [one for one in records if one["control"] == "vpn_profile.memory"]
    assert {one["status"] for one in refused} <= {"error"}
    if refused:
        doing = plan(wanted["controls"], document, "vpn_profile", reads=wanted["reads"], state=state).as_dict()
        assert not any(doing["writes"].values())


@examples(30)
@given(document=ANY)
def test_what_is_no_document_at_all_is_one_error(document: Any) -> None:
    wanted, _good = answers("vpn_profile")
    (found,) = plan(wanted["controls"], document, "vpn_profile", reads=wanted["reads"]).records
    assert found["status"] == "error"
