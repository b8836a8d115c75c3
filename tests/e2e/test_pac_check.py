"""The PAC of the inventory, served by the lab, says what the inventory wants; a changed one fails the run."""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.conftest import ROOT

FLEET = (1, 0)
STARTS = 4
PAC = ROOT / "tests/e2e/institute.pac"


@pytest.fixture
def check(fleet):
    """Return a function that puts a PAC on the lab's web server and checks it."""

    def run(pac: str):
        (fleet.directory / "lab/proxy.pac").write_text(pac, encoding="utf-8")
        return fleet.play("pac_check.yml", "-e", f"fortissl_proxy_pac_url={fleet.pac_url}")

    return run


def test_the_service_s_pac_sends_people_the_right_way(check):
    done = check(PAC.read_text(encoding="utf-8"))
    assert done.code == 0, done.output
    assert re.search(r"^ok +http://172\.20\.90\.4/ +DIRECT +DIRECT$", done.output, re.MULTILINE)
    assert "PROXY proxy.imr.tohoku.ac.jp:8080  PROXY proxy.imr.tohoku.ac.jp:8080" in done.output
    assert "WRONG" not in done.output


def test_a_wrong_route_fails_with_url_expected_and_got(check):
    done = check(PAC.read_text(encoding="utf-8").replace('"PROXY proxy.imr.tohoku.ac.jp:8080"', '"DIRECT"'))
    assert done.code == 2
    words = "https://www.tohoku.ac.jp/: expected PROXY proxy.imr.tohoku.ac.jp:8080, got DIRECT"
    assert words in " ".join(done.output.split())
    assert "2 of 5 routes are wrong" in done.output


def test_a_page_instead_of_a_pac_fails_and_says_so(check):
    done = check("<html><body>Moved</body></html>")
    assert done.code == 2
    assert "the PAC is refused by the JavaScript engine: SyntaxError" in " ".join(done.output.split())


def test_a_dry_run_checks_as_well(fleet):
    done = fleet.play("pac_check.yml", "-e", json.dumps({"pac_check_file": str(PAC)}), "--check")
    assert done.code == 0, done.output
    assert "WRONG" not in done.output
