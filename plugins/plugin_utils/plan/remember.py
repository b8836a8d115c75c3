"""What has to be remembered before a place is written, and what putting it back means.

Everything that a role writes over is remembered once (plan.memory). Putting back compares the remembered with what
is there now, so that it is idempotent, too, and leaves alone what came to be by others since.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..controls.compare import describe, is_exact
from ..controls.controls import Check
from ..state.locators import REGISTRY_TYPES, bare, home, kind_of, lies_in, place
from ..state.nodes import Located, Unreadable
from ..state.state import State
from ..values import addresses
from ..values.windows_words import SERVICE_PARAMETERS
from .memory import Entry, can_be_remembered
from .writes import About


def new_entries(check: Check, located: Located, endpoint: State, known: list[Entry]) -> list[Entry]:
    """Return what must be remembered before this check's place is written for the first time.

    Raises Unreadable for a value that could not be put back.
    """
    where = bare(check.where)
    if not check.remember:
        return []
    if check.compare == "contains" and "group" in where:
        return _new_members(check, check.comparison.to_write(located), known)
    if check.remedy == "role" and not _role_can_undo(check, where, located):
        return []
    if any(place(entry.where) == place(where) or _covers(entry, where) for entry in known):
        return []
    container = check.container
    # With an older entry inside it, the container did exist when the role first came.
    came_first = container and not any(lies_in(entry.where, container) for entry in known)
    if container and came_first and not endpoint.locate(container).found:
        made = _made_keys(check, container, endpoint, known)
        new = _made_dictionaries(container, endpoint)
        return [*made, Entry(check.id, check.instance, container, absent=True, made=new)]
    if not located.found:
        new = 0 if check.remedy == "role" else _made_dictionaries(where, endpoint)
        made = _made_keys(check, where, endpoint, known)
        return [*made, Entry(check.id, check.instance, where, absent=True, made=new)]
    if "vpn_connection" in where:
        raise Unreadable(f"{located.evidence} was made by somebody else; rename or remove it, as that user")
    value = located.value if located.raw is None else located.raw
    if isinstance(value, dict) or (located.type is not None and located.type not in REGISTRY_TYPES):
        raise Unreadable(f"{located.evidence} holds {located.type or 'a dictionary'}")
    if "service" in where and value not in SERVICE_PARAMETERS[where["field"]]:
        raise Unreadable(f"{located.evidence} is {value}; wait until that is over")
    return [Entry(check.id, check.instance, where, False, value, located.type)]


def _covers(entry: Entry, where: dict[str, Any]) -> bool:
    return entry.absent and not entry.shared and lies_in(where, entry.where)


def _role_can_undo(check: Check, where: dict[str, Any], located: Located) -> bool:
    """Whether there is something to go back to.

    A wish for a range (a version or newer) has no one value, a key that is there has none; and a file that a role puts
    back belongs to the product that lacked it.
    """
    if not can_be_remembered(where) or kind_of(where) == "file":
        return False
    return not located.found or (check.comparison.writable and located.value is not None)


def _new_members(check: Check, missing: list[str], known: list[Entry]) -> list[Entry]:
    places = [{"group": check.where["group"], "member": name} for name in missing]
    kept = [place(entry.where) for entry in known]
    return [Entry(check.id, check.instance, where, absent=True) for where in places if place(where) not in kept]


def _made_dictionaries(where: dict[str, Any], endpoint: State) -> int:
    """Return how many dictionaries of a property list the write makes on its way; the file counts as the outermost."""
    if "key" not in where or "plist" not in where:
        return 0
    above = [where["key"][:depth] for depth in range(len(where["key"]) - 1, 0, -1)]
    places = [{"plist": where["plist"], "key": key} for key in above]
    places.append({"plist": where["plist"], "attribute": "exists"})
    return next((number for number, place in enumerate(places) if endpoint.locate(place).found), len(places))


def _made_keys(check: Check, where: dict[str, Any], endpoint: State, known: list[Entry]) -> list[Entry]:
    """Return the registry keys, outermost first, that the write makes on its way, as far up as somebody has looked."""
    kind = kind_of(where)
    if kind not in ("registry", "user_registry") or check.remedy == "role":
        return []
    path = where[kind] if "value" in where else where[kind].rpartition("\\")[0]
    made: list[Entry] = []
    while path:
        key = {kind: path, **({"user": where["user"]} if "user" in where else {})}
        try:
            # With an older entry inside it, the key did exist when the role first came, or is remembered already.
            if endpoint.locate(key).found or any(lies_in(entry.where, key) for entry in known):
                break
        except Unreadable:
            break
        made.insert(0, Entry(check.id, check.instance, key, absent=True, shared=True))
        path = path.rpartition("\\")[0]
    return made


# What the memory's entries were there before.
ROLE = "this role"


@dataclass(frozen=True)
class Finding:
    """What one entry of the memory says about the endpoint now; `status` drifted: it has to be put back."""

    entry: Entry
    status: str
    reason: str
    located: Located

    @property
    def about(self) -> About:
        """Return what the record is about."""
        return About(self.entry.control, self.entry.instance, self.entry.scope)


def findings(entries: list[Entry], endpoint: State, waiting: Collection[str], what: str = ROLE) -> list[Finding]:
    """Compare the endpoint with all entries: values first, then the keys that the role made, innermost first.

    What belongs to a control in `waiting` stays for now, and so do the keys that it lies in. `what` is before what the
    entries were there, in words: this role, or one run of it.
    """
    plain = [_finding(entry, endpoint, what) for entry in entries if not entry.shared]
    gone = [place(item.where) for item in entries if item.absent and not item.shared and item.control not in waiting]
    shared = []
    for entry in sorted((entry for entry in entries if entry.shared), key=_depth, reverse=True):
        found = _finding(entry, endpoint, what)
        if found.status == "drifted":
            why = _held_by_others(entry.where, endpoint, gone)
            if why:
                found = Finding(entry, "compliant", why, found.located)
            else:
                gone.append(place(entry.where))
        shared.append(found)
    return [*plain, *shared]


def _depth(entry: Entry) -> int:
    return len(place(entry.where)[1])


def _held_by_others(key: dict[str, Any], endpoint: State, gone: list[tuple[Any, ...]]) -> str:
    """Return why a key that the role made has to stay, or an empty text when nothing else is in it."""
    hive, path, _value = place(key)
    try:
        values, keys = endpoint.contents(key)
    except Unreadable:
        return "the key was made by this role; it stays, since not everything in it was read"
    values -= {entry[2] for entry in gone if entry[:2] == (hive, path) and entry[2] is not None}
    keys -= {entry[1][-1] for entry in gone if entry[0] == hive and entry[1][:-1] == path and entry[2] is None}
    left = sorted(values | keys)
    return f"the key was made by this role; it stays, since others use it now: {', '.join(left)}" if left else ""


def _finding(entry: Entry, endpoint: State, what: str) -> Finding:
    try:
        located = endpoint.locate(entry.where)
        status, reason = _compare_with_before(entry, located, endpoint, what)
    except (Unreadable, addresses.AddressError) as error:
        located, status, reason = Located(False), "error", str(error)
    return Finding(entry, status, reason, located)


def _compare_with_before(entry: Entry, located: Located, endpoint: State, what: str) -> tuple[str, str]:
    if entry.absent:
        words = f"is {describe(located.value, located.type)}" if located.value is not None else "is there"
        return ("drifted", f"{words}, was not there before {what}") if located.found else ("compliant", "")
    owner = home(entry.where)
    if owner is not None and not endpoint.locate(owner).found:
        return "compliant", "what it belonged to is gone, so there is nothing to put back"
    same = located.found and entry.type in (None, located.type) and is_exact(entry.value, located.value)
    if located.found and entry.where.get("field") == "remote_address":
        # Windows may write the same addresses in another way than they were found in.
        same = addresses.equal(entry.value, located.value)
    if same:
        return "compliant", ""
    now = f"is {describe(located.value, located.type)}" if located.found else located.missing
    return "drifted", f"{now}, was {describe(entry.value, entry.type)} before {what}"
