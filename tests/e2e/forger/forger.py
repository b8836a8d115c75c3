"""Models whose answers are forged: a machine on which something answers in the place of Ansible's modules.

`answers.json` beside this file says for each machine what is put over a module's answer, by the module's short name,
and (`server`) what stands as the server of the one SSL-VPN connection in the reader's document.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab.windows import modules
from lab.windows.calls import models

ANSWERS = Path(__file__).with_name("answers.json")
TUNNELS = r"HKLM\SOFTWARE\Fortinet\FortiClient\Sslvpn\Tunnels"

modules.load_folder(Path(__file__).parent / "honest")


def forged(name: str, honest: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def answer(machine: Any, call: Any) -> dict[str, Any]:
        result = honest(machine, call)
        mine = json.loads(ANSWERS.read_text(encoding="utf-8")).get(machine.name, {})
        if name == "win_endpoint_state" and "server" in mine:
            values = {"Server": {"type": "REG_SZ", "data": mine["server"]}}
            tunnel = {"exists": True, "values": values, "keys": {}}
            result["document"]["registry"][TUNNELS] = {"exists": True, "values": {}, "keys": {"IMR": tunnel}}
        over = mine.get(name, {})
        if "document" in over:
            over = {**over, "document": {**result["document"], **over["document"]}}
        return {**result, **over}

    return answer


for full in ("offsite.endpoints.win_endpoint_state", "ansible.windows.win_regedit", "ansible.windows.win_reg_stat"):
    known = models._models[full]
    models._models[full] = replace(known, function=forged(full.rpartition(".")[2], known.function))
