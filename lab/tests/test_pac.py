"""The lab's web server for a PAC file."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from lab import pac
from lab.__main__ import main


def fetch(url: str) -> tuple[int, str | None, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, None, ""


def test_the_file_is_served_as_a_browser_needs_it_and_read_anew_each_time(tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    (downloads / "x.pkg").write_text("package")

    async def look() -> list[tuple[int, str | None, str]]:
        server = pac.PacServer(tmp_path / "proxy.pac", downloads)
        url = pac.url(await server.start())
        try:
            first = await asyncio.to_thread(fetch, url)
            (tmp_path / "proxy.pac").write_text("changed")
            second = await asyncio.to_thread(fetch, url)
            other = await asyncio.to_thread(fetch, url.replace("proxy.pac", "lab.json"))
            package = await asyncio.to_thread(fetch, url.replace("proxy.pac", "downloads/x.pkg"))
        finally:
            await server.stop()
        return [first, second, other, package]

    first, second, other, package = asyncio.run(look())
    assert first == (200, "application/x-ns-proxy-autoconfig", pac.EXAMPLE)
    assert second == (200, "application/x-ns-proxy-autoconfig", "changed")
    assert other[0] == 404
    assert (package[0], package[2]) == (200, "package")


def test_a_lab_serves_the_file_that_it_was_given_and_reports_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["--state-dir", str(tmp_path / "lab")]
    mine = tmp_path / "mine.pac"
    mine.write_text("function FindProxyForURL() { return 'DIRECT'; }")
    try:
        assert main(["up", "--windows", "1", "--mac", "0", "--pac", str(mine), *folder]) == 0
        assert capsys.readouterr().out == f"{tmp_path}/lab/inventory\n"
        assert main(["status", *folder]) == 0
        last = capsys.readouterr().out.splitlines()[-1]
        port = json.loads((tmp_path / "lab/lab.json").read_text())["ports"]["proxy.pac"]
        assert last == f"PAC: http://127.0.0.1:{port}/proxy.pac"
        assert fetch(last.removeprefix("PAC: "))[2] == mine.read_text()
    finally:
        assert main(["down", *folder]) == 0
    capsys.readouterr()
    assert main(["status", *folder]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "PAC: not served, the lab is down"


def test_a_file_that_is_not_there_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--state-dir", str(tmp_path / "lab")]
    assert main(["up", "--windows", "1", "--mac", "0", "--pac", str(tmp_path / "none.pac"), *folder]) == 1
    assert "none.pac: No such file or directory; give a PAC file" in capsys.readouterr().err
