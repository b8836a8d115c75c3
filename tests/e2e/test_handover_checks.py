"""The role handover on a lab: what would go wrong outside is reported before the laptop leaves, for this laptop alone.

The gateway is a TLS server of the test's own. win-02 begins with a restart pending, all without the connection.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.e2e.conftest import ROOT

FLEET = (2, 1)
STARTS = 10
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
        self.serve_pac(PAC.read_text(encoding="utf-8"))

    def serve_pac(self, text: str) -> None:
        (self.fleet.directory / "lab/proxy.pac").write_text(text, encoding="utf-8")

    def variables(self, port: int) -> dict[str, Any]:
        """Return what leads the role to a gateway at this port of this machine, for the connection IMR."""
        return {
            "vpn_profile_connections": [{"name": "IMR", "gateway": NAME, "port": port}],
            "handover_gateway_address": "127.0.0.1",
            "handover_gateway_ca_path": str(self.ca),
            "fortissl_proxy_pac_url": self.fleet.pac_url,
        }

    def look(self, port: int, *options: str, playbook: str = "handover", **more: Any) -> Any:
        """Run the role, or another playbook."""
        variables = {**self.variables(port), **more}
        return self.fleet.play(f"../tests/e2e/{playbook}.yml", "-e", json.dumps(variables), *options)

    def look_at_each(self, ports: dict[str, int], more: dict[str, dict[str, Any]], *options: str) -> Any:
        """Run the role once, each laptop with a gateway and variables of its own."""
        hosts = {host: {**self.variables(port), **more.get(host, {})} for host, port in ports.items()}
        file = self.fleet.directory / "each.yml"
        file.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        return self.fleet.play("../tests/e2e/handover.yml", "-i", str(file), *options)

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


def test_what_the_laptops_begin_with_is_reported_for_each_alone(lab):
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


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve proxy scripts that are wrong, beside the lab's; return the URL of their folder."""
    folder = tmp_path_factory.mktemp("pages")
    text = PAC.read_text(encoding="utf-8")
    (folder / "wrong.pac").write_text(text.replace('"PROXY proxy.imr.tohoku.ac.jp:8080"', '"DIRECT"'))
    (folder / "moved.pac").write_text("<html>Moved</html>")
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_gateway_that_is_wrong_is_reported_for_each_laptop_with_its_reason(ready):
    end = datetime.now(UTC) + timedelta(days=5, hours=1)
    with ready.gateway() as down:
        pass
    with ready.gateway("vpn.example.org") as other, ready.gateway(not_after=end) as ending:
        ports = {"win-01": other, "win-02": ending, "mac-01": down}
        run = ready.look_at_each(ports, {"win-02": {"fortissl_proxy_pac_url": "http://127.0.0.1:9/proxy.pac"}})
    assert run.code == 2
    assert of(run, "gateway_certificate", "drifted") == {
        "win-01": f"the gateway's certificate is for vpn.example.org, not for {NAME}",
        "win-02": f"the gateway's certificate ends on {end:%Y-%m-%d} (full days left: 5, required: 30)",
    }
    refused = f"127.0.0.1:{down} refuses the connection: nothing listens there"
    assert of(run, "gateway_certificate", "error") == {"mac-01": refused}
    assert set(of(run, "pac_routes", "error")) == {"win-02"}
    assert set(of(run, "pac_routes", "compliant")) == {"win-01", "mac-01"}


def test_a_dry_run_says_the_same_of_a_look_that_breaks_off_and_of_wrong_proxy_scripts(ready, pages):
    end = datetime.now(UTC) + timedelta(days=5, hours=1)
    more = {
        # An address with a zone that no resolver takes.
        "win-01": {"handover_gateway_address": "fe80::1%" + "z" * 70},
        "win-02": {"handover_certificate_days": 5, "fortissl_proxy_pac_url": f"{pages}/moved.pac"},
        "mac-01": {"fortissl_proxy_pac_url": f"{pages}/wrong.pac"},
    }
    with ready.gateway() as port, ready.gateway(not_after=end) as ending:
        run = ready.look_at_each({"win-01": 443, "win-02": ending, "mac-01": port}, more, "--check")
    assert run.code == 2
    broken = of(run, "gateway_certificate", "error")
    assert set(broken) == {"win-01"}
    assert "the check of the certificate did not finish: " in broken["win-01"]
    assert "too long" in broken["win-01"]
    assert set(of(run, "gateway_certificate", "compliant")) == {"win-02", "mac-01"}
    assert set(of(run, "pac_routes", "compliant")) == {"win-01"}
    assert set(of(run, "pac_routes", "error")) == {"win-02"}
    wrong = of(run, "pac_routes", "drifted")
    assert set(wrong) == {"mac-01"}
    assert wrong["mac-01"].startswith("2 of 5 routes are wrong. ")


def test_a_restart_and_a_connection_by_address_are_reported_for_that_laptop_and_one_that_is_off_stops_nobody(ready):
    address = {"path": TUNNEL, "name": "Server", "data": "130.34.226.190:443", "type": "string"}
    assert ready.fleet.adhoc("win-01", "ansible.windows.win_regedit", address).returncode == 0
    assert ready.fleet.adhoc("win-01", "ansible.windows.win_regedit", {"path": UPDATE}).returncode == 0
    ready.fleet.fault("win-02", "refuse")
    try:
        with ready.gateway() as port:
            run = ready.look(port)
    finally:
        ready.fleet.fault("win-02", "none")
    assert run.code == 2
    assert run.of_status("drifted") == {
        ("win-01", "handover.pending_reboot", "windows_update"),
        ("win-01", "handover.profile_by_name", "IMR"),
    }
    assert "is the address 130.34.226.190" in of(run, "profile_by_name", "drifted")["win-01"]
    assert run.of_status("unreachable") == {("win-02", "endpoint.reachable", None)}
    assert set(of(run, "profile_by_name", "compliant")) == {"mac-01"}


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
