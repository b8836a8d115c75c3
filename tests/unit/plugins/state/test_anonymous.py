"""A document that is shown to strangers: nobody in it, the same structure, the same verdict."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from lab.windows.machine import Machine
from lab.windows.seed import Variant, build_windows
from plugins.plugin_utils.controls.role_data import desired
from plugins.plugin_utils.plan.plan import plan
from plugins.plugin_utils.state import anonymous as room
from plugins.plugin_utils.state.anonymous import NotAnonymousError, anonymous, wanted_names
from tests.samples.documents import mac
from tests.unit.test_from_document import CONDITIONS, READS, content
from tests.unit.test_languages import DESIRED, ROLES

WANTED = {role: desired(role, DataLoader(), DESIRED, "Windows") for role in ROLES}
KEEP = {name for one in WANTED.values() for name in wanted_names([one["controls"], one["reads"]])}
VARIANTS = [("10-22H2", "Pro"), ("11-23H2", "Home"), ("11-24H2", "Pro")]


def laptop(seed: int, os: str, edition: str, language: str, condition: str) -> Machine:
    return build_windows("yamada-note", Variant(os, edition, language, condition), seed, admin="taro.suzuki")


def originals(machine: Machine) -> set[str]:
    """Return what names somebody on a machine."""
    people = {user.name for user in machine.users.values()} - {"Administrator", "Guest", "DefaultAccount"}
    people -= {"WDAGUtilityAccount"}
    outside = {name.rpartition("\\")[2] for name in machine.accounts.outside.values()}
    sids = {sid for sid in machine.users if sid.startswith("S-1-5-21-")} | {machine.accounts.machine_sid}
    return {machine.computer_name, *people, *outside, *sids, "spring8"}


def bytes_in(node: Any) -> str:
    """Return what stands in bytes that are given in hex."""
    found = re.findall(r'"((?:[0-9a-f]{2}){8,})"', json.dumps(node))
    return " ".join(bytes.fromhex(one).decode("latin-1") for one in found)


def shape(node: Any) -> Any:
    """Return a document without its names: kinds, and numbers of parts."""
    if isinstance(node, dict):
        return Counter(json.dumps(shape(part)) for part in node.values())
    return [shape(part) for part in node] if isinstance(node, list) else type(node).__name__


def judged(document: dict[str, Any]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for role, one in WANTED.items():
        made = plan(one["controls"], document, role, reads=one["reads"], state=one["state"])
        found.update((item["control"], item["status"]) for item in made.records)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize(("os", "edition"), VARIANTS)
def test_nobody_is_left_and_the_verdict_is_the_same(os: str, edition: str, condition: str, seed: int) -> None:
    machine = laptop(seed, os, edition, "ja-JP" if seed % 2 else "en-US", condition)
    given = content(machine)["document"]
    before = copy.deepcopy(given)
    made = anonymous(given, KEEP)
    assert given == before
    text = json.dumps(made, ensure_ascii=False) + bytes_in(made)
    names = [name for name in originals(machine) if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)]
    assert names == []
    assert shape(made) == shape(given)
    assert judged(made) == judged(given)
    assert anonymous(given, KEEP) == made
    assert set(made["registry"]) == {ask["path"] for ask in READS["registry"]}


def test_each_kind_of_name_is_replaced_and_the_service_s_own_stays() -> None:
    given = {
        "system": {"computer_name": "NB-YAMADA"},
        "users": {"S-1-5-21-1-2-3-1001": {"name": "CORP\\hanako", "profile_path": "C:\\Users\\hanako.CORP"}},
        "registry": {
            "K": {
                "a": {
                    "type": "REG_SZ",
                    "data": "https://hanako:pw@intra.corp.example.jp/x and http://fg.imr.tohoku.ac.jp/p",
                },
                "b": {"type": "REG_SZ", "data": "*.corp.example.jp;<local>;fg.imr.tohoku.ac.jp:443"},
                "c": {
                    "type": "REG_SZ",
                    "data": "v2.31|RA4=8.8.4.4/255.255.255.0|RA4=10.1.2.3|RA6=2404:6800::1|Name=hanako|",
                },
                "DisplayVersion": {"type": "REG_SZ", "data": "8.8.4.4"},
                "d": {
                    "type": "REG_SZ",
                    "data": "hanako@corp.example.jp 00-1B-44-11-3A-B7 VK7JG-NPHTM-C97JM-9MPGT-3V66T",
                },
                "DATA1": {"type": "REG_SZ", "data": "EncX 00FF"},
                "e": {"type": "REG_SZ", "data": "svchost.exe com.fortinet.forticlient hanakoto"},
                "f": {"type": "REG_BINARY", "data": "hanako is here".encode("utf-16-le").hex()},
            }
        },
    }
    made = anonymous(given, {"fg.imr.tohoku.ac.jp", "fg.imr.tohoku.ac.jp:443"})
    assert made["system"] == {"computer_name": "PC-1"}
    assert made["users"] == {
        "S-1-5-21-1000000001-1000000002-1000000001-1001": {
            "name": "DOMAIN-1\\user1",
            "profile_path": "C:\\Users\\user2",
        }
    }
    values = {name: value["data"] for name, value in made["registry"]["K"].items()}
    assert values == {
        "a": "https://user1:pw@host1.example.net/x and http://fg.imr.tohoku.ac.jp/p",
        "b": "*.host2.example.net;<local>;fg.imr.tohoku.ac.jp:443",
        "c": "v2.31|RA4=198.18.1.4/255.255.255.0|RA4=10.1.2.3|RA6=2001:db8::1|Name=user1|",
        "DisplayVersion": "8.8.4.4",
        "d": "mail1@example.org 02-00-00-00-00-01 AAAAA-AAAAA-AAAAA-AAAAA-AAAAA",
        "DATA1": "saved",
        "e": "svchost.exe com.fortinet.forticlient hanakoto",
        "f": "00" * 28,
    }


def test_a_mac_s_people_are_replaced_too() -> None:
    given = mac() | {"console_user": "jsmith"}
    given["files"] = {
        "/Users/jsmith/x": {"exists": True, "type": "file", "owner": "jsmith", "group": "staff", "mode": "0644"}
    }
    made = anonymous(given)
    assert "jsmith" not in json.dumps(made)
    assert list(made["files"]) == ["/Users/user1/x"]
    assert (made["console_user"], made["files"]["/Users/user1/x"]["group"]) == ("user1", "staff")


def test_a_name_that_would_be_left_is_an_error_that_does_not_tell_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room._Names, "replaced", lambda _self, node: node)
    with pytest.raises(NotAnonymousError, match=r"^1 of the names would still be in it: send it to nobody") as raised:
        anonymous({"system": {"computer_name": "NB-YAMADA"}})
    assert "YAMADA" not in str(raised.value)


def test_more_names_than_a_laptop_has_are_refused():
    users = {f"S-1-5-21-1-2-{number}": {"name": f"PC\\user{number}"} for number in range(100_000)}
    with pytest.raises(NotAnonymousError, match="names of people, networks and connections are in it"):
        anonymous({"users": users})


def test_a_name_of_a_megabyte_above_many_texts_is_refused():
    with pytest.raises(NotAnonymousError, match="longer than any laptop's"):
        anonymous({"files": {"K" * 2**20: {f"k{number}": "text" for number in range(50_000)}}})
