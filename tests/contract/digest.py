"""Prints the digests that the lab's models of the scripts have to name: python -m tests.contract.digest."""

from __future__ import annotations

from lab.windows.calls.scripts import digest
from tests.contract.vectors import SCRIPTS

if __name__ == "__main__":
    for name, path in SCRIPTS.items():
        print(f"{name}: SHA256 = {digest(path.read_text(encoding='utf-8'))!r}")
