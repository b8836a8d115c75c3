"""The role handover on a lab: what would go wrong outside is told before the laptop leaves, for this laptop alone.

The gateway is a TLS server of the test's own. win-02 begins with a restart pending, all without the connection.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.e2e.conftest import ROOT

FLEET = (2, 1)
NAME = "fg.imr.tohoku.ac.jp"
HOSTS = {"win-01", "win-02", "mac-01"}
PAC = ROOT / "tests/e2e/institute.pac"
TUNNEL = r"HKLM:\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels\IMR"
UPDATE = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"


class Lab:
    """The fleet, a CA, and the variables that lead the role to this test's gateway and proxy script."""

    def __init__(self, fleet: Any, folder: Path) -> None:
        self.fleet = fleet
        self.authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(str(self.ca))
        shown = fleet.command("python", "-m", "lab", "status", "--state-dir", str(fleet.directory / "lab"), check=True)
        (self.pac_url,) = re.findall(r"^PAC: (http://127\.0\.0\.1:\d+/proxy\.pac)$", shown.stdout, re.MULTILINE)
        self.serve_pac(PAC.read_text(encoding="utf-8"))

    def serve_pac(self, text: str) -> None:
        (self.fleet.directory / "lab/proxy.pac").write_text(text, encoding="utf-8")

    def look(self, port: int, *options: str, playbook: str = "handover", **more: Any) -> Any:
        """Run the role, or another playbook, for the connection IMR with its gateway at this port of this machine."""
        variables = {
            "vpn_profile_connections": [{"name": "IMR", "gateway": NAME, "port": port}],
            "handover_gateway_address": "127.0.0.1",
            "handover_gateway_ca_path": str(self.ca),
            "fortissl_proxy_pac_url": self.pac_url,
            **more,
        }
        return self.fleet.play(f"../tests/e2e/{playbook}.yml", "-e", json.dumps(variables), *options)

    @contextmanager
    def gateway(self, *names: str, **dates: Any) -> Iterator[int]:
        """Serve a certificate until the block ends; the port is given."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*(names or (NAME,)), **dates).configure_cert(context)
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve() -> None:
                while True:
                    try:
                        connection, _address = listener.accept()
                        with context.wrap_socket(connection, server_side=True) as tls:
                            tls.recv(1)
                    except (ssl.SSLError, ConnectionError):
                        continue
                    except OSError:
                        return

            threading.Thread(target=serve, daemon=True).start()
            yield listener.getsockname()[1]
            listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def lab(fleet: Any, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(fleet, tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def ready(lab: Lab) -> Lab:
    """Return a lab whose laptops have the connection by name, and no restart pending."""
    run = lab.look(443, "-e", "role=vpn_profile", "-e", "group=laptops", playbook="one_role")
    assert run.code == 0, run.output
    assert lab.fleet.adhoc("win-02", "ansible.windows.win_reboot", {}).returncode == 0
    return lab


def of(run: Any, control: str, *statuses: str) -> dict[str, str]:
    """Return endpoint to reason of the role's records about a control with one of these statuses."""
    found = [r for r in run.records if r["control"] == f"handover.{control}" and r["status"] in statuses]
    return {r["endpoint"]: r["reason"] for r in found}


def test_what_the_laptops_begin_with_is_told_for_each_alone(lab):
    with lab.gateway() as port:
        run = lab.look(port)
    assert run.code == 2
    assert run.of_status("drifted") == {
        ("win-02", "handover.pending_reboot", "component_based_servicing"),
        *((host, "handover.profile_by_name", "IMR") for host in HOSTS),
    }


def test_all_is_well_and_nothing_is_written(ready):
    before = ready.fleet.hashes()
    with ready.gateway() as port:
        run = ready.look(port)
    assert run.code == 0, run.output
    assert set(of(run, "gateway_certificate", "compliant")) == HOSTS
    assert set(of(run, "pac_routes", "compliant")) == HOSTS
    assert set(of(run, "profile_by_name", "compliant")) == HOSTS
    assert set(of(run, "pending_reboot", "compliant")) == {"win-01", "win-02"}
    assert ready.fleet.hashes() == before


def test_a_dry_run_says_the_same(ready):
    with ready.gateway("vpn.example.org") as port:
        run = ready.look(port, "--check")
    assert set(of(run, "gateway_certificate", "drifted")) == HOSTS
    assert set(of(run, "pac_routes", "compliant")) == HOSTS


def test_a_certificate_for_another_name(ready):
    with ready.gateway("vpn.example.org") as port:
        run = ready.look(port)
    assert run.code == 2
    told = f"the gateway's certificate is for vpn.example.org, not for {NAME}"
    assert of(run, "gateway_certificate", "drifted") == dict.fromkeys(HOSTS, told)
    assert run.of_status("error", "unreachable") == set()


def test_a_certificate_with_five_days_left(ready):
    end = datetime.now(UTC) + timedelta(days=5, hours=1)
    with ready.gateway(not_after=end) as port:
        run = ready.look(port)
        told = f"the gateway's certificate ends on {end:%Y-%m-%d} (full days left: 5, required: 30)"
        assert of(run, "gateway_certificate", "drifted") == dict.fromkeys(HOSTS, told)
        run = ready.look(port, handover_certificate_days=5)
    assert run.code == 0, run.output


def test_a_gateway_that_is_down_is_an_error_and_never_fine(ready):
    with ready.gateway() as port:
        pass
    run = ready.look(port)
    assert run.code == 2
    told = f"127.0.0.1:{port} refuses the connection: nothing listens there"
    assert of(run, "gateway_certificate", "error") == dict.fromkeys(HOSTS, told)
    assert set(of(run, "pac_routes", "compliant")) == HOSTS


def test_a_look_that_breaks_off_is_an_error_and_ends_no_run(ready):
    run = ready.look(443, handover_gateway_address="fg..example.org")
    assert run.code == 2
    found = of(run, "gateway_certificate", "error")
    assert set(found) == HOSTS
    assert all("the check of the certificate did not finish: " in reason for reason in found.values())
    assert "label empty" in found["win-01"]
    assert set(of(run, "pac_routes", "compliant")) == HOSTS


def test_a_proxy_script_with_a_wrong_route_and_one_that_is_gone(ready):
    text = PAC.read_text(encoding="utf-8")
    try:
        with ready.gateway() as port:
            ready.serve_pac(text.replace('"PROXY proxy.imr.tohoku.ac.jp:8080"', '"DIRECT"'))
            run = ready.look(port)
            assert run.code == 2
            assert set(of(run, "pac_routes", "drifted")) == HOSTS
            assert all(
                reason.startswith("2 of 5 routes are wrong. ") for reason in of(run, "pac_routes", "drifted").values()
            )
            ready.serve_pac("<html>Moved</html>")
            assert set(of(ready.look(port), "pac_routes", "error")) == HOSTS
            run = ready.look(port, fortissl_proxy_pac_url="http://127.0.0.1:9/proxy.pac")
    finally:
        ready.serve_pac(text)
    assert set(of(run, "pac_routes", "error")) == HOSTS
    assert set(of(run, "gateway_certificate", "compliant")) == HOSTS


def test_a_restart_and_a_connection_by_address_are_told_for_that_laptop_alone(ready):
    address = {"path": TUNNEL, "name": "Server", "data": "130.34.226.190:443", "type": "string"}
    assert ready.fleet.adhoc("win-01", "ansible.windows.win_regedit", address).returncode == 0
    assert ready.fleet.adhoc("win-01", "ansible.windows.win_regedit", {"path": UPDATE}).returncode == 0
    try:
        with ready.gateway() as port:
            run = ready.look(port)
    finally:
        gone = {"path": UPDATE, "state": "absent", "delete_key": True}
        assert ready.fleet.adhoc("win-01", "ansible.windows.win_regedit", gone).returncode == 0
    assert run.code == 2
    assert run.of_status("drifted") == {
        ("win-01", "handover.pending_reboot", "windows_update"),
        ("win-01", "handover.profile_by_name", "IMR"),
    }
    assert "is the address 130.34.226.190" in of(run, "profile_by_name", "drifted")["win-01"]


def test_a_laptop_that_is_off_stops_nobody_and_is_not_measured(ready):
    ready.fleet.fault("win-01", "refuse")
    try:
        with ready.gateway() as port:
            run = ready.look(port)
    finally:
        ready.fleet.fault("win-01", "none")
    assert run.code == 2
    assert run.of_status("unreachable") == {("win-01", "endpoint.reachable", None)}
    assert set(of(run, "profile_by_name", "compliant")) == HOSTS - {"win-01"}


def test_wrong_variables_are_refused_before_anything_is_looked_at(ready):
    calls = ready.fleet.calls()
    run = ready.look(
        443, vpn_profile_connections=[], handover_certificate_days=0, handover_gateway_ca_path="/nowhere.pem"
    )
    assert run.code == 2
    words = " ".join(run.output.split())
    assert "a laptop that is handed over needs at least one connection" in words
    assert "handover_certificate_days is 0; allowed are 1 to 365 days" in words
    assert "handover_gateway_ca_path: '/nowhere.pem' is no file on this controller" in words
    assert ready.fleet.calls() == calls
