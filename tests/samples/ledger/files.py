"""What the tests of ledgers share: a folder with a configuration and a file, and what is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from plugins.plugin_utils.ledger.ledger import read_ledger
from plugins.plugin_utils.ledger.machines import Machine
from plugins.plugin_utils.ledger.table import LedgerError

CONFIG: dict[str, Any] = {
    "plugin": "offsite.endpoints.ledger",
    "columns": {
        "host": ["ホスト名", "host"],
        "address": "IPアドレス",
        "system": "OS",
        "role": "用途",
        "client": "VPN",
        "life": "状態",
        "owner": "管理担当",
        "person": "利用者",
        "office_pc": "所内のPC",
        "nas": "NAS",
    },
    "words": {
        "system": {"windows": "Windows*", "macos": "macOS*"},
        "role": {"laptop": "ノートPC", "office_pc": "事務PC"},
        "client": {"store": "ストア版"},
        "life": {"in_use": ["使用中", "貸出中"], "out_of_use": "廃棄"},
    },
}
COLUMN_NAMES = ("client", "life", "language", "address", "nas", "office_pc", "owner")
# Of a ledger of the needed columns and one more.
SMALL = {"host": "host", "system": "system", "role": "role"}


def ledger(folder: Path, content: bytes | str, name: str = "pcs.csv", **config: Any) -> Path:
    """Write a ledger and its configuration into a folder; return the configuration."""
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    configuration = folder / "ledger.yml"
    text = yaml.safe_dump({**CONFIG, "path": name, **config}, allow_unicode=True, sort_keys=False)
    configuration.write_text(text, encoding="utf-8")
    return configuration


def small(folder: Path, content: bytes | str, *more: str, **config: Any) -> Path:
    """Write a ledger whose columns are called as they are here."""
    return ledger(folder, content, columns=SMALL | {name: name for name in more}, words=None, **config)


def read(configuration: Path) -> list[Machine]:
    return read_ledger(configuration)


def mistakes(configuration: Path) -> list[str]:
    """Return what is said of a ledger that is refused."""
    try:
        machines = read_ledger(configuration)
    except LedgerError as error:
        return error.mistakes
    raise AssertionError(machines)
