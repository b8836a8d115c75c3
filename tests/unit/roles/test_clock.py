"""An endpoint whose clock is wrong is prepared, audited and retired as any other: nothing there asks for the time.

Where the clock counts, it is named: the certificate of an enrollment (values/causes.py), and what a laptop measures of
itself (state/state_files.py).
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ASKS = re.compile(
    r"Get-Date|::(?:Utc)?Now\b|::Today\b|\btime\.time\(|\bdatetime\.(?:now|utcnow|today)\(|\bdate \+|ansible_date_time"
)
# The role that lets a laptop measure itself says when it did, and for how long that counts.
MEASURES_ITSELF = "self_check"
FILES = [
    *(path for path in sorted((ROOT / "roles").glob("*/*/*")) if path.parent.name in ("files", "tasks", "vars")),
    *(ROOT / "plugins/modules" / name for name in ("win_endpoint_state.ps1", "mac_endpoint_state.py", "mac_plist.py")),
]


def test_nothing_on_an_endpoint_asks_for_the_time():
    scripts = [path for path in FILES if path.is_file() and MEASURES_ITSELF not in path.parts]
    assert len(scripts) > 80
    found = {str(path): ASKS.search(path.read_text(encoding="utf-8")) for path in scripts}
    assert [f"{path}: {one.group()}" for path, one in found.items() if one] == []


def test_what_asks_for_the_time_would_be_found():
    assert ASKS.search((ROOT / "roles/self_check/files/check.ps1").read_text(encoding="utf-8"))
    assert ASKS.search("Get-Date -Format o")
    assert ASKS.search("date +%s")
