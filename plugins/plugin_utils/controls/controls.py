"""Controls: what should be so, as data of a role (schemas/control.schema.json tells their shape).

A control with `each` stands for one check an item; `{field}` in its `where`, `expected`, `applies_if`, `governed_by`,
`title`, `remedy`, `cure` and `otherwise` is replaced with the item's field. A text that is exactly `{field}`
becomes the field itself, number or list included. What a field holds is never searched for placeholders again. An item
that is a text has this one field, `name`. `each_key` and `each_found` make such items of what is found on the endpoint
(plan.items). A control with `scope: users` stands for one check a user of the endpoint (`Check.of_user`), whatever its
items.

`when: false`: the inventory does not ask for it. The endpoint is not asked, and nothing else of the control is
needed or worked out. With `otherwise` (the words) a record `not_applicable` says so; without there is none. An item may
have a `when` and an `otherwise` of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..state.places import locator_problem, place_of
from .compare import Comparison, ExpectedError
from .kinds import KINDS, comparison

SEVERITIES = ("low", "medium", "high")
# What is needed even of a control that is not asked for.
_HEAD = ("id", "title", "why", "severity")
_REQUIRED = (*_HEAD, "where", "compare")
_OPTIONAL = (
    *(
        "expected",
        "each",
        "each_key",
        "each_found",
        "instance_key",
        "applies_if",
        "governed_by",
        "postpone_if",
        "takes_effect",
    ),
    *("scope", "when", "otherwise", "remedy", "cure", "remember", "data_of", "coming"),
)
# What is worked out of a control that is not asked for; `state: absent` still needs to know what it was about.
WITHOUT_ASKING = (*_HEAD, "when", "otherwise", "remedy", "postpone_if")
# none: only reported, never written; role: brought about by the role's own tasks.
REMEDIES = ("write", "none", "role")
SCOPES = ("machine", "users")
_ID = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_CONDITIONS = {
    "applies_if": ({"where", "reason"}, set()),
    "governed_by": ({"where", "owner"}, {"voids"}),
    "postpone_if": ({"where", "reason"}, set()),
    "takes_effect": ({"where", "reason"}, set()),
}
_CHOICES: dict[str, tuple[Any, ...]] = {
    **{"severity": SEVERITIES, "compare": tuple(KINDS), "scope": SCOPES},
    **{"remedy": REMEDIES, "when": (True, False), "remember": (True, False)},
}
_NOTHING = comparison("absent", None)
_TESTS = {"is", "equals", "one_of", "none_of"}
_TEXTS = (
    *(
        "title",
        "why",
        "severity",
        "compare",
        "instance_key",
        "scope",
        "otherwise",
        "remedy",
        "cure",
        "data_of",
        "coming",
    ),
)
# What an item may say, by a placeholder.
_OF_ITEM = ("remedy", "severity")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ControlError(ValueError):
    """Control data that cannot be used; the message names the control, the key and what is allowed."""


@dataclass(frozen=True)
class Check:
    """One control for one item, without placeholders. `container` is the item's own key or dictionary, as a locator.

    `not_asked` says in words why the endpoint is not asked, `remember` whether what it had before is to come back,
    `data_of` of which day the table is that it judges by, `coming` in words what will end here though all is good.
    """

    id: str
    instance: str | None
    title: str
    why: str
    severity: str
    remedy: str
    where: dict[str, Any] = field(default_factory=dict)
    comparison: Comparison = _NOTHING
    applies_if: tuple[dict[str, Any], ...] = ()
    governed_by: tuple[dict[str, Any], ...] = ()
    container: dict[str, Any] | None = None
    cure: str = ""
    scope: str = "machine"
    remember: bool = True
    not_asked: str = ""
    data_of: str = ""
    coming: str = ""

    @property
    def compare(self) -> str:
        """The kind of comparison."""
        return self.comparison.kind

    @property
    def expected(self) -> Any:
        """What should be there."""
        return self.comparison.expected

    def of_user(self, sid: str) -> Check:
        """Return this check for one user: the user's SID stands in every place that lies in a user's registry."""
        return replace(
            self,
            scope=sid,
            where=_named(self.where, sid),
            applies_if=tuple({**item, "where": _named(item["where"], sid)} for item in self.applies_if),
            governed_by=tuple({**item, "where": _named(item["where"], sid)} for item in self.governed_by),
            container=None if self.container is None else _named(self.container, sid),
        )


def _named(where: dict[str, Any], sid: str) -> dict[str, Any]:
    return {**where, "user": sid} if where and place_of(where).of_user else where


def check_controls(controls: Any) -> None:
    """Raise ControlError for the first mistake in controls (plain data) that is one whatever the endpoint."""
    if not isinstance(controls, list):
        raise ControlError(f"controls are a list, not {controls!r}")
    for control in controls:
        _validate(control)


def expand(
    controls: Any, items_here: Callable[[dict[str, Any]], list[Any]] = lambda _control: [], *, valid: bool = False
) -> list[Check]:
    """Return all checks that controls (plain data) stand for, in order. Raises ControlError for the first mistake.

    `items_here` returns what a control's `each_key` or `each_found` stands for on the endpoint; `valid`: somebody
    has seen by `check_controls` that they can be used.
    """
    if not valid:
        check_controls(controls)
    checks = [check for control in controls for check in _expand_one(control, items_here)]
    seen: set[tuple[str, str | None]] = set()
    for check in checks:
        # Windows does not tell capital letters from small ones in names.
        key = (check.id, check.instance.casefold() if check.instance is not None else None)
        if key in seen:
            what = f"the item {check.instance!r} occurs twice" if check.instance is not None else "it occurs twice"
            raise ControlError(f"control {check.id}: {what}; each may occur once")
        seen.add(key)
    return checks


def plain(value: Any) -> Any:
    """Return a deep copy of plain dicts, lists and scalars; Ansible hands out its own subclasses of them."""
    # Asking for exactly these first is much faster.
    if value is None or type(value) in (str, bool, int, float):
        return value
    if isinstance(value, (dict, Mapping)):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    for kind in (str, float, int):
        if isinstance(value, kind) and not isinstance(value, bool):
            return kind(value)
    return value


def _validate(control: Any) -> None:
    name = control.get("id") if isinstance(control, dict) else None
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise ControlError(f"a control needs an id such as vpn_profile.server; it has {name!r}: {str(control)[:80]}")
    unknown = sorted(set(control) - {*_REQUIRED, *_OPTIONAL})
    if unknown:
        known = ", ".join([*_REQUIRED, *_OPTIONAL])
        raise ControlError(f"control {name}: {', '.join(unknown)} is not known; allowed: {known}")
    asked = control.get("when") is not False
    missing = [key for key in (_REQUIRED if asked else _HEAD) if key not in control]
    if missing:
        raise ControlError(f"control {name}: {', '.join(missing)} is missing")
    for key in _TEXTS:
        if not isinstance(control.get(key, ""), str):
            raise ControlError(f"control {name}: {key} is {control[key]!r}; it must be text")
    for key, allowed in _CHOICES.items():
        value = control.get(key, allowed[0])
        if not _is_choice(value, allowed) and not (key in _OF_ITEM and _PLACEHOLDER.fullmatch(str(value))):
            raise ControlError(f"control {name}: {key} is {control[key]!r}; allowed: {', '.join(map(_yaml, allowed))}")
    if "data_of" in control and not _DAY.fullmatch(control["data_of"]):
        raise ControlError(f"control {name}: data_of is {control['data_of']!r}; it must be a day such as 2026-11-28")
    if asked:
        _validate_asked(name, control)


def _validate_asked(name: str, control: dict[str, Any]) -> None:
    of_users = control.get("scope") == "users"
    _validate_where(name, "where", control["where"], of_users)
    if of_users and not place_of(control["where"]).of_user:
        raise ControlError(
            f"control {name}: scope is users, so where must be a user_registry or the like, one for each user"
        )
    if ("decode" in control["where"]) != (control["compare"] == "fields"):
        raise ControlError(f"control {name}: compare fields and decode in where belong together")
    untyped = "value" in control["where"] and "type" not in control["where"]
    if untyped and control["compare"] not in ("present", "absent"):
        raise ControlError(f"control {name}: where has a value and no type, such as REG_SZ or REG_DWORD")
    for key in _CONDITIONS:
        # Whether to wait, and for what, is asked once for all users.
        if key != "takes_effect" or not isinstance(control.get(key, []), str):
            of_each = of_users and key in ("applies_if", "governed_by")
            _validate_conditions(name, key, control.get(key, []), of_each)
    _validate_items(name, control)
    if not isinstance(control.get("each", []), list):
        raise ControlError(f"control {name}: each is {control['each']!r}; it must be a list of objects")


def _validate_items(name: str, control: dict[str, Any]) -> None:
    """Refuse what would make items of what is found on the endpoint, and could not."""
    if len({"each", "each_key", "each_found"} & set(control)) > 1:
        named = "each_key" if "each_key" in control else "each_found"
        raise ControlError(f"control {name}: {named}: it stands beside each")
    if "each_key" in control and not _is_each_key(control["each_key"]):
        form = "registry (a path), having ({value's name: [texts or numbers]}) and none (a text)"
        raise ControlError(f"control {name}: each_key: each_key needs {form}")
    found = control.get("each_found")
    if "each_found" in control:
        if not isinstance(found, dict) or set(found) != {"where", "none"} or not isinstance(found["none"], str):
            raise ControlError(f"control {name}: each_found needs where (a place) and none (a text)")
        _validate_where(name, "each_found: where", found["where"], False)


def _is_each_key(wanted: Any) -> bool:
    if not isinstance(wanted, dict) or set(wanted) != {"registry", "having", "none"}:
        return False
    having, texts = wanted["having"], (wanted["registry"], wanted["none"])
    lists = isinstance(having, dict) and having and all(isinstance(item, list) for item in having.values())
    return bool(lists) and all(isinstance(text, str) for text in texts)


def _is_choice(value: Any, allowed: tuple[Any, ...]) -> bool:
    return isinstance(value, type(allowed[0])) and value in allowed


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _validate_where(name: str, key: str, where: Any, of_users: bool) -> None:
    problem = locator_problem(where)
    if problem:
        raise ControlError(f"control {name}: {key}: {problem}")
    if "user" in where or (place_of(where).of_user and not of_users):
        raise ControlError(f"control {name}: {key}: a user_registry needs scope: users, which also says whose it is")


def _validate_conditions(name: str, key: str, conditions: Any, of_users: bool) -> None:
    required, optional = _CONDITIONS[key]
    if not isinstance(conditions, list) or not all(isinstance(item, dict) for item in conditions):
        raise ControlError(f"control {name}: {key} is {conditions!r}; it must be a list of objects")
    for item in conditions:
        if not required <= set(item) <= required | optional | _TESTS or len(_TESTS & set(item)) != 1:
            words = ", ".join(sorted(required))
            tests = "is, equals, one_of or none_of"
            raise ControlError(f"control {name}: {key} needs {words} and either {tests}; it has {', '.join(item)}")
        if item.get("is", "present") not in ("present", "absent"):
            raise ControlError(f"control {name}: {key}: is {item['is']!r}; allowed: present, absent")
        for word in ("one_of", "none_of"):
            # A text can only be a placeholder that a list will stand for.
            values = item.get(word, [None])
            if not (isinstance(values, list) and values) and not _PLACEHOLDER.fullmatch(str(values)):
                raise ControlError(f"control {name}: {key}: {word} is {item[word]!r}; it must be a list of values")
        if not isinstance(item.get("voids", False), bool):
            raise ControlError(f"control {name}: {key}: voids is {item['voids']!r}; allowed: true, false")
        _validate_where(name, f"{key}: where", item["where"], of_users)


def _expand_one(control: dict[str, Any], items_here: Callable[[dict[str, Any]], list[Any]]) -> Iterator[Check]:
    name = control["id"]
    found_here = "each_key" in control or "each_found" in control
    has_items = "each" in control or found_here
    items = control.get("each", [None])
    if found_here and control.get("when", True):
        items = items_here(control)
    for item in items:
        fields: dict[str, Any] = {"name": item} if isinstance(item, str) else item or {}
        instance = None
        if has_items:
            if not isinstance(fields, dict):
                raise ControlError(f"control {name}: each has {item!r}; every item must be an object or a text")
            key = control.get("instance_key", "name")
            instance = fields.get(key)
            if not isinstance(instance, str) or not instance:
                raise ControlError(f"control {name}: an item of each has no {key} (text), by which it is known: {item}")
        try:
            if control.get("when", True) and _one_of("when", fields.get("when", True), (True, False)):
                yield _check(control, instance, fields)
            elif words := _fill(fields.get("otherwise", control.get("otherwise", "")), fields):
                yield Check(**_head(control, instance, fields), not_asked=words)
        except (_FieldError, ExpectedError) as error:
            of_item = f" for {instance!r}" if instance is not None else ""
            raise ControlError(f"control {name}{of_item}: {error}") from error


def _one_of(key: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    if not _is_choice(value, allowed):
        raise _FieldError(f"{key} is {value!r}; allowed: {', '.join(map(_yaml, allowed))}")
    return value


def _head(control: dict[str, Any], instance: str | None, fields: dict[str, Any]) -> dict[str, Any]:
    """Return what is said even of a control that is not asked for."""
    return {
        "id": control["id"],
        "instance": instance,
        "title": _fill(control["title"], fields),
        "why": control["why"],
        "severity": _one_of("severity", _fill(control["severity"], fields), SEVERITIES),
        "remedy": _one_of("remedy", _fill(control.get("remedy", "write"), fields), REMEDIES),
        "data_of": control.get("data_of", ""),
        "coming": _fill(control.get("coming", ""), fields),
    }


def _check(control: dict[str, Any], instance: str | None, fields: dict[str, Any]) -> Check:
    where = _fill(control["where"], fields)
    _no_backslash(control["where"], fields)
    expected = _fill(control.get("expected"), fields)
    head = _head(control, instance, fields)
    if head["remedy"] == "write":
        _check_words(where, expected)
    return Check(
        **head,
        where=where,
        comparison=comparison(control["compare"], expected, where.get("type")),
        applies_if=tuple(_fill(control.get("applies_if", []), fields)),
        governed_by=tuple(_fill(control.get("governed_by", []), fields)),
        container=_container(control["where"], fields),
        cure=_fill(control.get("cure", ""), fields),
        scope=control.get("scope", "machine"),
        remember=control.get("remember", True),
    )


def _check_words(where: dict[str, Any], expected: Any) -> None:
    """Refuse what the module that writes such a place could not write."""
    place = place_of(where)
    allowed = place.words.get(place.field, ())
    for value in expected if isinstance(expected, list) else [expected]:
        if allowed and value is not None and value not in allowed:
            raise _FieldError(f"expected is {value!r}; {place.field} is of {', '.join(allowed)}")


class _FieldError(ValueError):
    """A placeholder that the item cannot fill."""


def _fill(template: Any, fields: dict[str, Any]) -> Any:
    if isinstance(template, dict):
        return {key: _fill(value, fields) for key, value in template.items()}
    if isinstance(template, list):
        return [_fill(value, fields) for value in template]
    if not isinstance(template, str) or "{" not in template:
        return template
    whole = _PLACEHOLDER.fullmatch(template)
    if whole:
        return _field(whole[1], fields)
    # One pass: what a field brings in is never searched again.
    return _PLACEHOLDER.sub(lambda match: _as_text(match[1], _field(match[1], fields)), template)


def _field(name: str, fields: dict[str, Any]) -> Any:
    if name not in fields:
        given = ", ".join(sorted(fields)) or "none (the control has no each)"
        raise _FieldError(f"the placeholder {{{name}}} has no field of that name; given: {given}")
    return fields[name]


def _as_text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _FieldError(f"{name} is {value!r}; inside a longer text only text and whole numbers can stand")
    return str(value)


def _no_backslash(where: dict[str, Any], fields: dict[str, Any]) -> None:
    """Keep a name with a backslash from becoming another registry key than the one that was meant."""
    place = place_of(where)
    for name in _PLACEHOLDER.findall(place.name) if place.types else ():
        text = str(_field(name, fields))
        if "\\" in text or not text.strip():
            raise _FieldError(f"{name} is {text!r}; in a registry path it must be a name without backslash, not empty")


def _container(where: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any] | None:
    r"""Return the registry key or dictionary that is the item's own: the innermost one named after it.

    Of `...\Tunnels\{name}`, value Server, that is `...\Tunnels\IMR`: if it did not exist before the role, the role
    takes it off again as a whole. A container that is not named after an item is shared and never the role's own.
    """
    place = place_of(where)
    for outer in () if place.is_shared else place.above():
        path = place_of(outer).identity[1]
        if path and _PLACEHOLDER.search(path[-1]):
            return dict(_fill(outer, fields))
    return None
