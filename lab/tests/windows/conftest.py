"""An endpoint on the network, with stand-ins for the models, and reboots that take no time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import windows_endpoint as endpoint_module
from lab.tests.windows.served import PASSWORD, Served, carry_out


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    accounts = tmp_path / "accounts"
    accounts.write_text(f":admin:{PASSWORD}\nWIN-01:admin:{PASSWORD}\n:guest:{PASSWORD}\n:ghost:{PASSWORD}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(accounts))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(endpoint_module, "execute", carry_out)
    monkeypatch.setattr(endpoint_module, "SHUTDOWN_SECONDS", 0.05)
    monkeypatch.setattr(endpoint_module, "REBOOT_SECONDS", 0.3)
    it = Served(tmp_path)
    yield it
    it.close()
