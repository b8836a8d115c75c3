r"""What is to be written, as items that upstream modules take in a YAML loop.

    registry   [{path: 'HKLM:\...', hive, name, data, type, state, delete_key}]   for win_regedit; `hive` is a user's
               NTUSER.DAT, which the module loads at HKLM:\ANSIBLE, when the user is not logged on
    firewall   [{parameters: {Rule, RemoteAddress, Enabled, ProfileName}}]   for set_firewall_rule.ps1: one item a rule,
               with what differs only
    services   [{name, start_mode, state}]               for win_service: one item a service, with what differs only
    groups     [{name, members, state}]                  for win_group_membership
    plist      [{path, values: [{key, value, state, prune}]}]   one item a file: one write

Every item also has `label`, for the reader of the run's output, which stands beside what --diff shows, `why`, what asks
for it, and `records`: [control, instance, scope] of each record that it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..records.records import whom
from ..state.place import PLACES
from ..state.places import place_of
from ..state.state import State


class About(NamedTuple):
    """What a record is about."""

    control: str
    instance: str | None
    scope: str = "machine"

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> About:
        """Return what a record is about."""
        return cls(item["control"], item["instance"], item["scope"])


class Writes:
    """Collects writes in the order in which they are asked for; what goes to one rule, service or file is one item."""

    def __init__(self) -> None:
        self._items: dict[str, dict[Any, dict[str, Any]]] = {
            kind.written_by: {} for kind in PLACES.values() if kind.written_by
        }

    def add(
        self,
        where: dict[str, Any],
        about: About,
        value: Any,
        type_: str | None,
        endpoint: State,
        *,
        made: int = 0,
        why: str = "",
    ) -> None:
        """Ask for a value at a place; None takes away what is there (in the registry also a whole key).

        Of a group, `value` is the accounts to add; with `member` in the place, None takes that one out. `made`
        dictionaries above a value of a property list go with it when they are left empty. `why` is the control's.
        Raises Unreadable when the endpoint's document does not tell how the place can be reached.
        """
        place = place_of(where)
        items = self._items[place.written_by]
        name = place.identity[0] if place.one_item else len(items)
        item = items.get(name, {})
        place.write(item, value, type_, endpoint, made=made)
        _sign(item, about, why, endpoint)
        items[name] = item

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Return the items for the loops."""
        return {name: [*items.values()] for name, items in self._items.items()}


def _sign(item: dict[str, Any], about: About, why: str, endpoint: State) -> None:
    records: list[list[str | None]] = [*item.get("records", []), list(about)]
    controls = dict.fromkeys(str(control) for control, _instance, _scope in records)
    whose = dict.fromkeys(
        word
        for _control, instance, scope in records
        for word in (instance, whom({"scope": scope, "user": endpoint.user_name(str(scope))}))
        if word
    )
    whys = dict.fromkeys(one for one in [*item.get("why", []), why] if one)
    asked = f" ({'; '.join(whys)})" if whys else ""
    item |= {"records": records, "why": [*whys], "label": " ".join([", ".join(controls), *whose]) + asked}
