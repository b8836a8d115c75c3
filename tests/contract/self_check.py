"""The reader's vectors once more, as what a user runs by himself (roles/self_check): the same text, the same document.

Without importing Ansible, which Windows cannot.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from plugins.plugin_utils.state.check_package import package, whole_request
from plugins.plugin_utils.state.check_request import opened, sign
from tests.contract import vectors

KEY = bytes(range(32))
MADE = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
NAME = "nb-07"
WORDS = {
    code: {name: f"{code} {name} {{file}}" for name in ("begins", "asks", "without", "reads", "done")}
    for code in ("ja", "en")
}
FILES = vectors.ROOT / "roles/self_check/files"


def answers(vector: dict[str, Any]) -> bool:
    """Say whether a vector is about what a check can be asked: the controller sends nothing that is refused."""
    return bool(vector["script"] == "win_endpoint_state" and "document" in vector["expect"] and plain(vector))


def plain(vector: dict[str, Any]) -> bool:
    """Say whether a vector's arguments are of the kinds that the controller sends: none that Ansible converts."""
    asks = [ask for name in ("registry", "user_registry") for ask in vector["arguments"].get(name, [])]
    lists = [*vector["arguments"].values(), *(ask.get("values", []) for ask in asks)]
    return all(isinstance(one, list) for one in lists) and all(type(ask.get("depth", 0)) is int for ask in asks)


def package_of(vector: dict[str, Any]) -> bytes:
    """Return the file that the controller would make for a vector's arguments."""
    token = sign(NAME, "Windows", whole_request("Windows", vector["arguments"]), key=KEY, now=MADE, days=90)
    parts = {
        "reader": vectors.SCRIPTS["win_endpoint_state"].read_text(encoding="utf-8"),
        "start": (FILES / "check.cmd").read_text(encoding="ascii"),
        "check": (FILES / "check.ps1").read_text(encoding="ascii"),
    }
    return package("Windows", NAME, token=token, words=WORDS, parts=parts, now=MADE)[1]


def differences(vector: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return what is not as it has to be, one line each."""
    if "crash" in found:
        return [found["crash"]]
    written = found["written"] or {"path": "", "text": "{}"}
    answer = json.loads(written["text"])
    wrong = vectors.differences(
        vector | {"expect": {name: value for name, value in vector["expect"].items() if name != "changed"}},
        {
            "document": answer.get("document", {}),
            "warnings": answer.get("warnings"),
            "mounts": sorted(found["mounts"]),
            "changed": False,
        },
    )
    rest = {
        "path": (written["path"].replace("\\", "/"), f"DESKTOP/{NAME}.state.json"),
        "ascii": (written["text"].isascii(), True),
        "administrator": (answer.get("administrator"), True),
        "request": (opened(answer.get("token"), KEY).endpoint, NAME),
        "measured_at": (len(answer.get("measured_at", "")), len("2026-11-23T14:30:00Z")),
        "shown": ([line.split()[1] for line in found["shown"]], ["begins", "reads", "done"]),
    }
    return wrong + [f"{name}: {have!r}, and not {want!r}" for name, (have, want) in rest.items() if have != want]
