"""The time servers are the organisation's choice, and by default nobody touches them.

Source: docs/sources/service.md#printing-ssh-and-time.
"""

from __future__ import annotations

testinfra_hosts = ["ansible://windows"]

PARAMETERS = r"HKLM:\SYSTEM\CurrentControlSet\Services\W32Time\Parameters"
# What the machines of the lab begin with: Windows' own server, and one that somebody once typed.
UNTOUCHED = ("time.windows.com,0x9", "ntp.nict.jp,0x8")


def test_a_machine_keeps_the_time_servers_it_had(windows):
    parameters = windows("ansible.windows.win_reg_stat", path=PARAMETERS)["properties"]
    assert parameters["NtpServer"]["value"] in UNTOUCHED
    assert parameters["Type"]["value"] == "NTP"


def test_the_time_service_keeps_its_start_mode(windows):
    (service,) = windows("ansible.windows.win_service_info", name="W32Time")["services"]
    assert service["start_mode"] == "manual"
