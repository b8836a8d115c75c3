"""What every comparison has in common: an expected value, whether a value is as expected, and if not, why: in words.

The kinds are in `kinds`, a class each. A comparison understands its expected value when it is made, and only then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..state.nodes import Located
from ..state.state import State


class ExpectedError(ValueError):
    """An expected value that the kind of comparison cannot use: a mistake in the role's data or the inventory."""


class Comparison:
    """What should be there. Raises ExpectedError for what this kind, or this registry type, cannot expect.

    `writable`: the expected value is one that can be written; other kinds only look.
    """

    kind: ClassVar[str]
    writable: ClassVar[bool] = False

    def __init__(self, expected: Any, type_: str | None = None) -> None:
        self.expected, self.type = expected, type_
        allowed = self.understand()
        if allowed:
            raise ExpectedError(f"expected is {expected!r}; with compare {self.kind} it must be {allowed}")
        if type_ and self.writable:
            fits, words = _TYPE_RULES[type_]
            if not self.fits(fits):
                raise ExpectedError(f"expected is {expected!r}; for {type_} it must be {words}")

    def understand(self) -> str | None:
        """Take the expected value in; return what is allowed when it cannot be used, else None."""
        return "a value" if self.expected is None else None

    def fits(self, of_type: Callable[[Any], bool]) -> bool:
        """Whether the value to write is one of the registry type."""
        return of_type(self.value)

    def at(self, _endpoint: State) -> Comparison:
        """Return the comparison with what only the endpoint can tell."""
        return self

    @property
    def value(self) -> Any:
        """The value that makes the comparison true, as the writing modules take it."""
        return self.expected

    def to_write(self, _located: Located) -> Any:
        """Return what to write where this was found, None for nothing at all."""
        return self.value

    def words(self) -> str:
        """Return the expected value for a person's eye."""
        return describe(self.value, self.type)

    def verdict(self, actual: Located) -> str | None:
        """Return how it differs from what should be, None when it does not.

        Raises Unreadable when the actual value makes no sense for the kind.
        """
        if not actual.found:
            return f"{actual.missing}, should be {self.words()}"
        if self.type and actual.type != self.type:
            value = describe(actual.value, actual.type)
            return f"is {value} of type {actual.type}, should be {self.words()} of type {self.type}"
        difference = self.difference(actual)
        return f"is {describe(actual.value, actual.type)}, should be {self.words()}" if difference == "" else difference

    def difference(self, actual: Located) -> str | None:
        """Return None for "the same", a difference in words, or "" for the usual "is X, should be Y"."""
        raise NotImplementedError

    def shown(self, actual: Any) -> Any:
        """Return what a record shows of an actual value."""
        return actual


def is_exact(expected: Any, actual: Any) -> bool:
    """Whether two values are the same, down to the kind of each."""
    if _family(expected) is not _family(actual):
        return False
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(map(is_exact, expected, actual))
    if isinstance(expected, Mapping):
        return set(expected) == set(actual) and all(is_exact(expected[key], actual[key]) for key in expected)
    return bool(expected == actual)


def describe(value: Any, type_: str | None = None) -> str:
    """Return a value for a person's eye.

    >>> describe(1, "REG_DWORD"), describe("a"), describe(None), describe(["a", "b"])
    ('0x1 (1)', '"a"', 'not set', '"a", "b"')
    """
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:#x} ({value})" if type_ in ("REG_DWORD", "REG_QWORD") else str(value)
    if isinstance(value, str):
        if type_ in ("REG_BINARY", "REG_NONE"):
            return f"{len(value) // 2} bytes {value[:32]}{'...' if len(value) > 32 else ''}"
        return f'"{value}"'
    if isinstance(value, list):
        return ", ".join(describe(item) for item in value) or "an empty list"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {describe(item)}" for key, item in value.items()) or "an empty dictionary"
    return str(value)


def _family(value: Any) -> type | None:
    """Return the plain kind of a value; Ansible's own subclasses of str and int count as what they are."""
    return next((kind for kind in (bool, int, float, str, list, Mapping) if isinstance(value, kind)), None)


def _is_int(bits: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**bits


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_hex(value: Any) -> bool:
    return isinstance(value, str) and len(value) % 2 == 0 and not set(value) - set("0123456789abcdef")


def is_texts(value: Any) -> bool:
    """Whether it is a list of nothing but texts."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_TYPE_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "REG_SZ": (_is_text, "text (in quotes if it looks like a number)"),
    "REG_EXPAND_SZ": (_is_text, "text (in quotes if it looks like a number)"),
    "REG_MULTI_SZ": (is_texts, "a list of texts"),
    "REG_DWORD": (_is_int(32), "a whole number from 0 to 4294967295, without quotes"),
    "REG_QWORD": (_is_int(64), "a whole number from 0 to 18446744073709551615, without quotes"),
    "REG_BINARY": (_is_hex, "lower-case hexadecimal digits, two a byte"),
    "REG_NONE": (_is_hex, "lower-case hexadecimal digits, two a byte"),
}
