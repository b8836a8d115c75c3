"""A Windows machine and a Mac that both need the client, in one run: each gets its own system's tasks."""

from __future__ import annotations

import pytest

from tests.e2e.lost_answers import built, lab_of


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    sources = built(folder / "before", ["win-04", "mac-12"])
    lab = lab_of(folder, {"win-01": sources["win-04"], "mac-01": sources["mac-12"]})
    yield lab
    lab.close()


def test_both_get_the_client(lab):
    run = lab.play("site.yml")
    assert run.of_status("error", "unreachable") == set(), run.output
    fixed = run.of_status("fixed")
    assert {one[0] for one in fixed if one[1] == "forticlient_install.installed"} == {"win-01", "mac-01"}
