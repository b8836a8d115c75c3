"""One remote command of a run gets no answer, each in turn: the run says so, and the next one goes on from the note.

A command can be lost in two ways: it was carried out and its answer was dropped, or it never was. What is true in both
is judged by tests.e2e.lost_answers.
"""

from __future__ import annotations

import pytest

from tests.e2e.lost_answers import baselines, every_place, other, some_places, try_places
from tests.e2e.test_absent import unexpected

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
    assert unexpected(one.before.facts(), one.site.facts()) != []
    assert unexpected(one.before.facts(), one.retire.facts()) == []
    # Of a Mac each file, too.
    assert not one.before.is_mac or other(one.before, one.retire) == []


@pytest.mark.parametrize("playbook", [pytest.param("site", marks=pytest.mark.depth), "retire"])
def test_a_few_places(found, tmp_path, playbook, record_property):
    places = some_places(found, playbook)
    assert len({(place.source, place.after) for place in places}) == 8
    judged(try_places(tmp_path, found, playbook, places), record_property)


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
