"""A laptop leaves: prepared, measured, READY or NOT READY with every reason; then it may be silent for a while."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.test_handover_checks import NAME, Lab

pytestmark = pytest.mark.depth
FLEET = (2, 1)
HOSTS = {"win-01", "win-02", "mac-01"}


@pytest.fixture(scope="module")
def lab(fleet: Any, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(fleet, tmp_path_factory.mktemp("authority"))


def play(lab: Lab, playbook: str, port: int, *options: str) -> Any:
    variables = {
        "vpn_profile_connections": [{"name": "IMR", "gateway": NAME, "port": port}],
        "handover_gateway_address": "127.0.0.1",
        "handover_gateway_ca_path": str(lab.ca),
        "fortissl_proxy_pac_url": lab.fleet.pac_url,
        # The lab's laptops are also office PCs, which a hand-over leaves alone.
        "endpoint_roles": ["forticlient_install", "vpn_profile", "fortissl_proxy", "time_sync", "smb_client"],
    }
    if playbook == "handover.yml":
        del variables["endpoint_roles"]
    return lab.fleet.play(playbook, "-e", json.dumps(variables), *options)


def statuses(run: Any, control: str) -> dict[str, str]:
    return {r["endpoint"]: r["status"] for r in run.records if r["control"] == control}


def test_a_laptop_leaves_and_comes_back(lab):
    with lab.gateway("vpn.example.org") as port:
        refused = play(lab, "handover.yml", port)
    assert refused.code == 2
    for host in HOSTS:
        assert f"{host}: NOT READY: " in refused.output
    assert f"the gateway's certificate is for vpn.example.org, not for {NAME}" in refused.output
    assert {r["life"] for r in refused.records} == {"in_house"}

    assert lab.fleet.adhoc("win-02", "ansible.windows.win_reboot", {}).returncode == 0
    with lab.gateway() as port:
        hashes = lab.fleet.hashes()
        tried = play(lab, "handover.yml", port, "--check")
        assert tried.code == 2
        assert "win-01: NOT READY: vpn_profile.server [IMR]: " in tried.output
        assert lab.fleet.hashes() == hashes
        run = play(lab, "handover.yml", port)
        assert run.code == 0, run.output[-6000:]
        for host in HOSTS:
            assert f"{host}: READY: " in run.output
        assert statuses(run, "handover.gateway_certificate") == dict.fromkeys(HOSTS, "compliant")

        lab.fleet.fault("win-01", "power_off")
        away = play(lab, "audit.yml", port)
        assert away.code == 0, away.output[-4000:]
        assert statuses(away, "endpoint.reachable") == {
            "win-01": "offsite",
            "win-02": "compliant",
            "mac-01": "compliant",
        }
        assert "Good where measured: " in away.output
        assert "1 endpoint not measured (1 offsite)" in away.output.strip().splitlines()[-1]

        stale = play(lab, "audit.yml", port, "-e", "endpoint_report_stale_after_days=0")
        assert (stale.code, statuses(stale, "endpoint.reachable")["win-01"]) == (2, "stale")

        lab.fleet.fault("win-01", "none")
        play(lab, "take_back.yml", port, "--limit", "win-01")
        lab.fleet.fault("win-01", "power_off")
        lost = play(lab, "audit.yml", port)
        assert (lost.code, statuses(lost, "endpoint.reachable")["win-01"]) == (2, "unreachable")
