"""What the roles of this project say of themselves."""

from __future__ import annotations

import re
from pathlib import Path

from ansible.parsing.dataloader import DataLoader

from plugins.plugin_utils.controls.role_data import known_controls

ROLES = Path(__file__).resolve().parents[2] / "roles"


def test_every_control_is_known_also_where_a_template_chooses_among_them():
    found = known_controls(ROLES, DataLoader())
    assert {"vpn_profile.server", "time_sync.servers", "forticlient_install.supported_macos"} <= found
    written = {
        name
        for path in ROLES.glob("*/vars/*.yml")
        for name in re.findall(r"^ *(?:- )?id: (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        if name.startswith(f"{path.parent.parent.name}.")
    }
    assert found == written
