"""What holds of every run, whatever the machine was before and whatever is wanted of it.

Whole runs of the roles of Windows, with all that `roles/endpoint_controls` does, on machines in memory; of a Mac its
property lists.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.modules import mac_plist
from plugins.plugin_utils.plan.plan import plan
from plugins.plugin_utils.plan.read_back import outcomes
from tests.samples.documents import BEFORE_PLIST, PLIST, mac
from tests.samples.in_memory import GOOD, InMemory, LostError, wanted
from tests.samples.started import WISHES, examples, started, state_of
from tests.samples.states import differences

NOTE = "OffsiteEndpoints"
STATES = ["present", "absent"]
AT = st.integers(0, 12)


def by_control(records: list[dict[str, Any]]) -> dict[tuple[str, str | None, str], str]:
    return {(one["control"], one["instance"], one["scope"]): one["status"] for one in records}


def other(before: Any, one: InMemory) -> list[str]:
    return list(differences(before, state_of(one.machine)))


@pytest.mark.parametrize("role", WISHES)
def test_a_run_does_what_check_mode_said_and_nothing_again_and_can_be_taken_back(role: str) -> None:
    @examples(8)
    @given(one=started(role))
    def rounds(one: InMemory) -> None:
        before = state_of(one.machine)
        predicted = one.planned()
        assert other(before, one) == [], "an audit wrote something"

        done = one.run()
        was, now = by_control(predicted["records"]), by_control(done)
        written = {tuple(about) for about in predicted["written"]}
        assert {now[about] for about in written} <= {"fixed"}, [item for item in done if item["status"] not in GOOD]
        follow = outcomes(one.wanted()["controls"])
        assert {about: now.get(about) for about in was if about not in written and about[0] not in follow} == {
            about: status for about, status in was.items() if about not in written and about[0] not in follow
        }
        names = [NOTE, *names_in(predicted)]
        surprises = [line for line in other(before, one) if not any(name in line for name in names)]
        assert surprises == [], "it wrote what check mode did not say"

        applied, sent = state_of(one.machine), one.commands
        again = one.planned()
        assert {by_control(again["records"])[about] for about in written} <= {"compliant"}
        assert not again["has_writes"]
        one.run()
        assert (other(applied, one), one.commands) == ([], sent), "a second run wrote something"

        one.run("absent")
        assert other(before, one) == [], "not all is as it was before"
        assert not one.planned("absent")["has_writes"]

    rounds()


def names_in(predicted: dict[str, Any]) -> set[str]:
    """Return the names of what is to be written: values, rules, services, and groups by their SIDs."""
    items = [item for items in predicted["writes"].values() for item in items]
    named = [item.get("name", item.get("parameters", {}).get("Rule", "")) for item in items]
    return {*filter(None, named), *(str(instance) for item in items for _control, instance, _scope in item["records"])}


def noted(one: InMemory) -> list[str]:
    """Return what the machine remembers, an entry each, in whichever order it was noted."""
    note = one.note()
    return sorted(json.dumps(entry, sort_keys=True) for entry in json.loads(note)["entries"]) if note else []


@pytest.mark.parametrize("role", WISHES)
def test_wherever_a_run_is_cut_off_the_next_one_ends_as_an_undisturbed_one(role: str) -> None:
    @examples(6)
    @given(one=started(role), kind=st.sampled_from(["fails", "timeout", "drop"]), state=st.sampled_from(STATES), at=AT)
    def rounds(one: InMemory, kind: str, state: str, at: int) -> None:
        before = state_of(one.machine)
        undisturbed = InMemory(one.machine.copy(), role, one.variables)
        undisturbed.run()
        if state == "absent":
            one.run()
        one.commands, one.fault = 0, (kind, at)
        try:
            records = one.run(state)
        except LostError:
            records = []
        struck, one.fault = one.commands > at, None
        if struck and records:
            assert "error" in {item["status"] for item in records}
        if not one.note():
            # Whatever is ours has been noted before.
            ours = [line for line in other(before, one) if NOTE not in line]
            assert ours == []
        one.run(state)
        if state == "present":
            # A value that the first run did not come to is noted after those that it did.
            assert [line for line in other(state_of(undisturbed.machine), one) if NOTE not in line] == []
            assert noted(one) == noted(undisturbed)
            one.run("absent")
        assert other(before, one) == []

    rounds()


# ---- A Mac

FIELDS = (
    "Name",
    "Server",
    "ServerPort",
    "EnableCustomPort",
    "VpnType",
    "SaveUsername",
    "PromptForCertificate",
    "Theirs",
)
PROFILE = st.dictionaries(st.sampled_from(FIELDS), st.one_of(st.integers(0, 2), st.booleans(), st.text(max_size=3)))
PROFILES = st.dictionaries(
    st.sampled_from(["IMR", "imr", "研究室"]), st.one_of(PROFILE, st.text(max_size=2)), max_size=2
)
FILE = st.one_of(st.none(), st.just({}), st.builds(lambda profiles: {"Profiles": profiles, "Other": 1}, PROFILES))
WISHES_OF_MACS = st.sampled_from(
    [
        {"vpn_profile_connections": [{"name": "IMR", "gateway": "vpn.example.org"}]},
        {
            "vpn_profile_connections": [{"name": "IMR", "gateway": "vpn.example.org", "authentication": "saml"}],
            "vpn_profile_personal_connections": False,
        },
    ]
)


def plist(data: dict[str, Any] | None) -> dict[str, Any]:
    return {"exists": False} if data is None else {"exists": True, "format": "xml", "data": data}


def a_mac(data: dict[str, Any] | None) -> dict[str, Any]:
    document = mac()
    document["tunnel"]["active"] = False
    document["plists"] = {PLIST: plist(data), BEFORE_PLIST: plist(None)}
    return document


def run_on(document: dict[str, Any], wishes: dict[str, Any], state: str = "present") -> dict[str, Any]:
    """Do to the property lists what the tasks do to the files; return the plan."""
    asked = wanted("vpn_profile", json.dumps(wishes), state, "Darwin")
    found = plan(asked["controls"], document, "vpn_profile", reads=asked["reads"], state=state)
    doing = dict(json.loads(json.dumps(found.as_dict())))
    for item in doing["writes"]["plist"]:
        node = document["plists"][item["path"]]
        data, goes = node.get("data", {}), False
        for one in item["values"]:
            value = one["value"] if one["state"] == "present" else mac_plist.ABSENT
            found = mac_plist.put(data, one["key"], value, Path(item["path"]))
            goes |= found is not mac_plist.ABSENT and mac_plist.prune(data, one["key"][:-1], one.get("prune", 0))
        document["plists"][item["path"]] = plist(None if goes and not data else data)
    keep, forget = doing["memory"]["keep"], doing["memory"]["forget"]
    if keep is not None or forget:
        document["plists"][BEFORE_PLIST] = plist(None if forget else {"vpn_profile": keep})
    return doing


@examples(30)
@given(data=FILE, wishes=WISHES_OF_MACS)
def test_a_mac_s_property_list_is_set_once_and_can_be_taken_back(data: Any, wishes: dict[str, Any]) -> None:
    document = a_mac(copy.deepcopy(data))
    first = run_on(document, wishes)
    applied = copy.deepcopy(document)
    again = run_on(document, wishes)
    assert not again["has_writes"]
    assert {by_control(again["records"])[tuple(about)] for about in first["written"]} <= {"compliant"}
    assert document == applied
    run_on(document, wishes, "absent")
    assert document == a_mac(data)
