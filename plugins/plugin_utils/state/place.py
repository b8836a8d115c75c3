"""A place: where a fact lies in an endpoint's state document, as the `where` of a control names it (a locator).

One class a kind of place. It says all that is special about the kind: what may stand in a locator, how the fact is read
from the document, which places are the same, how such a place is written, and what of it can be remembered and put
back. A class is known as soon as it is there (`PLACES`); nothing else has a list of the kinds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from .nodes import Located

if TYPE_CHECKING:
    from .state import State

Where = dict[str, Any]
Keys = Mapping[str, tuple[str, ...]]  # name -> allowed values, or () for any

PLACES: dict[str, type[Place]] = {}
_TEXTS = ("member", "user", "of")


class Place:
    """One place. What is said here holds for a kind that can only be looked at."""

    kind: ClassVar[str] = ""
    # What must and what may stand beside the kind in a locator; of two names in `either` exactly one.
    needs: ClassVar[Keys] = {}
    may: ClassVar[Keys] = {}
    either: ClassVar[tuple[str, ...]] = ()
    # The form of the name, and that in words.
    form: ClassVar[tuple[re.Pattern[str], str] | None] = None
    # Whether there is one for each user of the endpoint, and which types a value may have.
    of_user: ClassVar[bool] = False
    types: ClassVar[tuple[str, ...]] = ()
    # The list of writes (plan.writes) that it goes to, empty when no upstream module of endpoint_controls writes it;
    # whether one item there takes all writes to what the kind names.
    written_by: ClassVar[str] = ""
    one_item: ClassVar[bool] = False
    # The fields that can be written, with the module's names for them; what has to stand in the locator for it.
    parameters: ClassVar[Mapping[str, Any]] = {}
    written_with: ClassVar[tuple[str, ...]] = ()
    # The only values of a field, and the comparison that tells whether it holds again what it held before.
    words: ClassVar[Keys] = {}
    held_as: ClassVar[Mapping[str, str]] = {}
    # Whether it is what comes of many settings, right or wrong with them, and has no value of its own to put back.
    outcome: ClassVar[bool] = False
    # Whether it may be missing, so that a write makes it and putting back takes it away.
    may_be_absent: ClassVar[bool] = True
    # Whether a role's own tasks can change it, where no module does, and whether they take away again what they made.
    by_role: ClassVar[bool] = False
    role_takes_back: ClassVar[bool] = True
    _allowed: ClassVar[Keys]

    def __init_subclass__(cls) -> None:
        cls._allowed = {cls.kind: (), **cls.needs, **cls.may}
        if "kind" in vars(cls):
            PLACES[cls.kind] = cls

    def __init__(self, where: Mapping[str, Any]) -> None:
        """Take a locator in that `problem` has nothing against."""
        self.where = where
        self.name: Any = where[self.kind]

    # What a locator looks like

    @classmethod
    def problem(cls, where: Mapping[str, Any]) -> str | None:
        """Return what is wrong with a locator's shape, or None."""
        allowed = cls._allowed
        if not where.keys() <= allowed.keys():
            unknown, beside = ", ".join(sorted({*where} - {*allowed})), ", ".join([*cls.needs, *cls.may]) or "nothing"
            return f"{unknown} is not known beside {cls.kind}; allowed: {beside}"
        missing = [name for name in cls.needs if name not in where]
        if missing:
            return f"{', '.join(missing)} is missing beside {cls.kind}"
        if cls.either and (cls.either[0] in where) == (cls.either[1] in where):
            return f"beside {cls.kind} stands either {' or '.join(cls.either)}"
        for name, value in where.items():
            if allowed[name] and value not in allowed[name]:
                return f"{name} is {value!r}; allowed: {', '.join(allowed[name])}"
            if name in _TEXTS and not (isinstance(value, str) and value):
                return f"{name} is {value!r}; it must be text"
            if name == "key" and not (
                isinstance(value, list) and value and all(isinstance(part, str) for part in value)
            ):
                return f"key is {value!r}; it must be a list of texts, from the top of the file"
        return cls.name_problem(where[cls.kind])

    @classmethod
    def name_problem(cls, name: Any) -> str | None:
        """Return what is wrong with what the kind itself names, or None."""
        if not isinstance(name, str) or not name:
            return f"{cls.kind} is {name!r}; it must be text"
        if cls.form and not cls.form[0].match(name):
            return f"{cls.kind} is {name!r}; {cls.form[1]} is needed"
        return None

    # Where it is

    def locate(self, state: State) -> Located:
        """Return what the document says is there. Raises Unreadable when it does not tell."""
        raise NotImplementedError

    @property
    def bare(self) -> Where:
        """The locator without what the place may hold."""
        return {key: value for key, value in self.where.items() if key not in ("type", "decode")}

    @cached_property
    def identity(self) -> tuple[Any, tuple[str, ...], str | None]:
        """What tells one place from another, however they are written: what it is in, the path there, what it is.

        None at the end stands for a container: all that has its path as the first part lies in it.
        """
        # Windows does not tell capital letters from small ones in names.
        return ((self.kind, str(self.name).casefold()), (), repr(sorted(self.bare.items())).casefold())

    def lies_in(self, container: Place) -> bool:
        """Whether it is the container or lies inside it."""
        (store, path, _leaf), (other, above, leaf) = self.identity, container.identity
        return leaf is None and store == other and path[: len(above)] == above

    def above(self) -> list[Where]:
        """Return what it belongs to, innermost first: its key and the keys above, its rule, service or group."""
        return [{self.kind: self.name, "field": "exists"}] if "exists" in self._allowed.get("field", ()) else []

    # What can be written

    @property
    def field(self) -> str:
        """Which field of what the kind names."""
        return str(self.where.get("field", ""))

    def can_write(self, located: Located, compare: str, *, writable: bool) -> bool:
        """Whether a module can make it right where this was found; `writable`: the comparison has a value to write."""
        # What brings such a thing is the system; what is not there cannot be set.
        there = self.may_be_absent or (located.found and compare != "absent")
        return bool(self.written_by) and writable and there and self.can_be_remembered and not self.is_shared

    def write(self, item: dict[str, Any], value: Any, type_: str | None, state: State, *, made: int) -> None:
        """Put into an item of the module's loop that the value is to be there, None for nothing; see `plan.writes`.

        Raises Unreadable when the document does not tell how the place can be reached.
        """
        raise NotImplementedError

    def members(self, _names: list[str]) -> list[Where]:
        """Return the places that come to be when these names are added to it, when it is a list of such places."""
        return []

    # What can be put back

    @property
    def can_be_remembered(self) -> bool:
        """Whether this project's means, or a role's own tasks, can change it and change it back."""
        if self.parameters:
            return self.field in self.parameters
        return self.by_role or (bool(self.written_by) and all(name in self.where for name in self.written_with))

    @property
    def is_shared(self) -> bool:
        """Whether it is a container that others may use as well, so that only an empty one is taken away again."""
        return False

    @property
    def depth(self) -> int:
        """How many containers above it a write may make that go with it (`made` in a note)."""
        return 0

    def could_hold(self, value: Any) -> bool:
        """Whether it can have held a value that its comparison understands."""
        words = self.words.get(self.field)
        return not words or all(one in words for one in (value if isinstance(value, list) else [value]))

    def refusal(self, located: Located) -> str:
        """Return why what was found could not be put back; empty when it can."""
        return "" if self.could_hold(located.value) else f"is {located.value}; wait until that is over"

    def as_found(self, _located: Located) -> Where:
        """Return the locator by which it is put back, now that this was found there."""
        return dict(self.where)
