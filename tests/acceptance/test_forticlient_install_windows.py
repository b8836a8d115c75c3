"""docs/sources/service.md#installation: the client is on every Windows laptop."""

from __future__ import annotations

testinfra_hosts = ["ansible://windows"]

PROGRAM = r"C:\Program Files\Fortinet\FortiClient\FortiClient.exe"


def test_the_client_s_program_is_there(windows):
    assert windows("ansible.windows.win_stat", path=PROGRAM)["stat"]["exists"]


def test_the_client_s_service_starts_with_windows(windows):
    (service,) = windows("ansible.windows.win_service_info", name="FA_Scheduler")["services"]
    assert service["start_mode"] == "auto"


def test_nothing_of_the_installation_is_left_lying_about(windows):
    assert not windows("ansible.windows.win_stat", path=r"C:\Program Files\OffsiteEndpoints")["stat"]["exists"]
