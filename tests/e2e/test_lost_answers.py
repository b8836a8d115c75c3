"""Something goes wrong with an endpoint in the middle of a run: it says so, and the next run goes on from the note.

Each command in turn gets no answer, and a few other faults are tried; `make faults` tries them by the hundred.
A command can be lost in two ways: it was carried out and its answer was dropped, or it never was. What is true in both
is judged by tests.faults.trials.
"""

from __future__ import annotations

import pytest

from tests.e2e.test_absent import unexpected
from tests.faults.machines import other
from tests.faults.places import every_place, named, some_places
from tests.faults.trials import baselines, try_places

KINDS = ("drop", "timeout")
PLAYBOOKS = ("site", "retire")
# A drifted machine and one without a client, of each system.
SLICE = ("win-04", "mac-05")
PAIRS = {"drifted": ("win-03", "mac-05"), "without a client": ("win-04", "mac-12")}
STARTS = 4


def judged(tried, record_property):
    record_property("places", tried.places)
    print(tried)
    assert tried.wrong == [], str(tried)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return baselines(tmp_path_factory.mktemp("slice"), SLICE)


@pytest.mark.parametrize("source", SLICE)
def test_where_nothing_is_lost_retiring_gives_back_the_machine_as_it_was(found, source):
    one = found[source]
    assert unexpected(one.before.facts(), one.ends["site"].facts()) != []
    assert unexpected(one.before.facts(), one.ends["retire"].facts()) == []
    # Of a Mac each file, too.
    assert not one.before.is_mac or other(one.before, one.ends["retire"]) == []


@pytest.mark.parametrize("playbook", [pytest.param("site", marks=pytest.mark.depth), "retire"])
def test_a_few_places(found, tmp_path, playbook, record_property):
    places = some_places(found, playbook)
    assert len({(place.source, place.after) for place in places}) == 8
    judged(try_places(tmp_path, found, playbook, places), record_property)


@pytest.mark.depth
def test_a_few_faults_of_other_kinds(found, tmp_path, record_property):
    """A short slice of `make faults`."""
    # At 9 the installer is on its way.
    of_windows = [("power_off", 9, ""), ("power_off", 12, ""), ("logs_on", 20, ""), ("fails", 0, "win_package")]
    conditions = [(kind, 0, "") for kind in ("disk_full", "hives_locked", "installer_busy")]
    of_macs = [("power_off", 3, ""), ("fails", 0, "mac_plist"), ("network_busy", 0, "")]
    asked = [("win-04", *one) for one in [*of_windows, *conditions]] + [("mac-05", *one) for one in of_macs]
    judged(try_places(tmp_path, found, "site", named(asked)), record_property)


@pytest.fixture(scope="module", params=PAIRS)
def pair(request, tmp_path_factory):
    return baselines(tmp_path_factory.mktemp("pair"), PAIRS[request.param])


@pytest.mark.depth
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_place(pair, tmp_path, playbook, kind, record_property):
    places = every_place(pair, playbook, [kind])
    assert len(places) > 20
    judged(try_places(tmp_path, pair, playbook, places), record_property)
