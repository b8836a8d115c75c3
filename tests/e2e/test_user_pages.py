"""user_page.yml on the example's inventory: pages on the controller, no endpoint reached, none when refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, program, refused_endpoints

STARTS = 7
ENDPOINTS = {"nb-0101.example.org.html", "mb-0301.example.org.html"}


class UserPage:
    """The playbook, writing into a folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *options: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        given = json.dumps({"user_page_directory": str(self.folder), **variables})
        command = [program("ansible-playbook"), "-i", "inventory/example", "playbooks/user_page.yml", "-e", given]
        output: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run([*command, *options], cwd=ROOT, text=True, check=False, **output)

    def pages(self) -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in self.folder.glob("*")}


@pytest.fixture
def user_page(tmp_path: Path) -> UserPage:
    return UserPage(tmp_path / "pages")


def test_a_page_a_laptop_and_none_is_written_twice(user_page):
    done = user_page.run()
    assert done.returncode == 0, done.stdout
    pages = user_page.pages()
    assert set(pages) == ENDPOINTS
    assert '<html lang="ja">' in pages["nb-0101.example.org.html"]
    assert '<article lang="en">' in pages["nb-0101.example.org.html"]
    assert r"\\no-tera" in pages["nb-0101.example.org.html"]
    assert "Finder" not in pages["nb-0101.example.org.html"]
    assert "Safari" in pages["mb-0301.example.org.html"]
    assert "no-tera" not in pages["mb-0301.example.org.html"]
    again = user_page.run("--diff")
    assert "\n  2 of 2 endpoints, " in again.stdout
    assert "changed" not in again.stdout
    assert user_page.pages() == pages


def test_a_dry_run_shows_the_page_and_writes_none(user_page):
    done = user_page.run("--check", "--diff", "--limit", "nb-0101.example.org")
    assert done.returncode == 0, done.stdout
    assert "+<title>SSL-VPN 接続の手引き: nb-0101.example.org</title>" in done.stdout
    assert not user_page.folder.exists()


def test_the_store_client_s_page_where_there_is_no_other_connection(user_page):
    connection = {"name": "IMR", "gateway": "fg.imr.tohoku.ac.jp", "users": ["taro"]}
    given = {"vpn_profile_connections": [], "vpn_profile_store_connections": [connection], "user_page_language": "en"}
    refused = user_page.run(**given)
    assert refused.returncode == 2, "there is no Store client on a Mac"
    assert refused.stdout.splitlines()[-1].startswith("mb-0301.example.org: vpn_profile_connections is empty")
    assert not user_page.folder.exists()
    done = user_page.run("--limit", "nb-0101.example.org", **given)
    assert done.returncode == 0, done.stdout
    assert set(user_page.pages()) == {"nb-0101.example.org.html"}
    text = user_page.pages()["nb-0101.example.org.html"]
    assert "Names of devices do not work with this client." in text
    assert r"\\172.20.90.4" in text
    assert r"\\no-tera" not in text


def test_templates_in_values_are_text(user_page):
    (user_page.folder.parent / "values.yml").write_text('user_page_person: !unsafe "{{ 7 * 7 }}<b>"\n')
    done = user_page.run("-e", f"@{user_page.folder.parent / 'values.yml'}", "--limit", "nb-0101.example.org")
    assert done.returncode == 0, done.stdout
    assert "{{ 7 * 7 }}&lt;b&gt;" in user_page.pages()["nb-0101.example.org.html"]


REFUSED = [
    ({"user_page_language": "de"}, "value of user_page_language must be one of: ja, en, both, got: de"),
    ({"user_page_contact": {"name": "IT"}}, "user_page_contact: name 'IT', phone '', mail '' is refused."),
    ({"user_page_contact": {"name": "IT", "phone": "<b>1"}}, "phone '<b>1', mail '' is refused."),
    ({"user_page_contact": {"name": "IT", "mail": "a@b c"}}, "mail 'a@b c' is refused."),
    ({"user_page_office_pc": {"name": "pc"}}, "user_page_office_pc: '{'name': 'pc'}' is refused."),
    ({"user_page_office_pc": {"name": "pc", "address": "pc.local"}}, "Allowed are a name and an IP address"),
    (
        {"user_page_nas": [{"name": "n", "address": "nas.local"}]},
        "'n' has the address 'nas.local', which is refused.",
    ),
    (
        {"user_page_proxy_check": {"from": "http://a/"}},
        "user_page_proxy_check: '{'from': 'http://a/'}' is refused.",
    ),
    (
        {"user_page_limited_pages": ["javascript:alert(1)"]},
        "'javascript:alert(1)' is refused. Allowed is a web address",
    ),
    (
        {"user_page_phone_dns": "dns.local"},
        "user_page_phone_dns: 'dns.local' is refused. Allowed is an IP address.",
    ),
    ({"vpn_profile_connections": []}, "so there is nothing to put on the page."),
    (
        {"vpn_profile_connections": [{"name": "IMR", "gateway": "130.34.226.190"}]},
        "the connection 'IMR' has the gateway '130.34.226.190', which is no host name",
    ),
    (
        {"user_page_lanugage": "ja"},
        "user_page_lanugage: user_page has no such variable. Did you mean user_page_language?",
    ),
]


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what one run says of each of many laptops with wrong variables."""
    page = UserPage(tmp_path_factory.mktemp("refused") / "pages")
    hosts = {f"bad-{number:02}": variables for number, (variables, _) in enumerate(REFUSED)}
    file = page.folder.parent / "bad.yml"
    file.write_text(json.dumps({"windows": {"hosts": hosts}, "laptops": {"hosts": dict.fromkeys(hosts)}}))
    done = page.run("-i", str(file), "--limit", "bad-*")
    assert done.returncode == 2
    assert not page.folder.exists()
    reported = refused_endpoints(done.stdout)
    assert reported.keys() == hosts.keys(), done.stdout
    return reported


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=lambda number: REFUSED[number][1])
def test_wrong_variables_are_refused_and_nothing_is_written(refused, number):
    assert REFUSED[number][1] in refused[f"bad-{number:02}"]
