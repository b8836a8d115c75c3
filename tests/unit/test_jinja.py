"""No Jinja of ours can take a method of a mapping for an entry that the mapping lacks.

Jinja's `x.keys`, and the `x['keys']` and `map(attribute='keys')` of a mapping without such an entry, are the method of
that name: defined, true, and never what was meant. What endpoints answer has entries `keys` and `values`, and lacks
them where a registry key does not exist; Python of ours looks there (plugins/filter).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import jinja2.nodes
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
METHODS = {name for name in dir(dict) if not name.startswith("_")}
# What Ansible takes for an expression without braces.
BARE = {"when", "that", "until", "failed_when", "changed_when"}
FOLDERS = ("roles", "playbooks", "inventory", "molecule", "docs", "benchmarks", "tests/e2e", "tests/real")
# The plan makes these items, each with an entry `values`.
ALLOWED = {"roles/endpoint_controls/tasks/darwin_plist.yml: {{ item['values'] }}": {"values"}}
# Where a filter is told an attribute by its place; elsewhere only `attribute=` is one.
FIRST = {"selectattr", "rejectattr", "groupby", "sum", "attr", "extract"}


class _Loader(yaml.SafeLoader):
    """Reads Ansible's own tags as what they mark."""


_Loader.add_multi_constructor("!", lambda loader, _tag, node: loader.construct_scalar(node))


def texts(data: Any, *, bare: bool = False) -> Iterator[str]:
    """Yield the Jinja in what a YAML file holds, an expression without braces put between some.

    Ansible doubles the backslashes of a YAML file's Jinja, so that its texts are what they look like.
    """
    if isinstance(data, dict):
        for key, value in data.items():
            yield from texts(str(key))
            yield from texts(value, bare=key in BARE)
    elif isinstance(data, list):
        for value in data:
            yield from texts(value, bare=bare)
    elif isinstance(data, str) and ("{{" in data or "{%" in data):
        yield data.replace("\\", "\\\\")
    elif isinstance(data, str) and bare:
        yield f"{{{{ {data} }}}}".replace("\\", "\\\\")


def taken(text: str) -> list[str]:
    """Return the names in a Jinja text that can turn out to be a mapping's method."""
    tree = jinja2.Environment(extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"]).parse(text)
    called = {id(call.node) for call in tree.find_all(jinja2.nodes.Call)}
    found: list[str] = []
    for attribute in tree.find_all(jinja2.nodes.Getattr):
        if id(attribute) not in called:
            found.append(attribute.attr)
    for item in tree.find_all(jinja2.nodes.Getitem):
        found += _constants([item.arg])
    for one in tree.find_all(jinja2.nodes.Filter):
        found += _constants([keyword.value for keyword in one.kwargs if keyword.key == "attribute"])
        if one.name in FIRST:
            found += _constants(one.args[:1])
        if one.name == "extract" and one.node is not None:
            found += _constants([one.node])
        if one.name == "map" and _constants(one.args[:1]) == ["extract"]:
            found += _constants(one.args[2:])
    return sorted({part for name in found for part in name.replace(",", ".").split(".")} & METHODS)


def _constants(given: list[Any]) -> list[str]:
    constants = [node.value for node in given if isinstance(node, jinja2.nodes.Const)]
    for node in given:
        if isinstance(node, jinja2.nodes.List):
            constants += [item.value for item in node.items if isinstance(item, jinja2.nodes.Const)]
    return [constant for constant in constants if isinstance(constant, str)]


def files() -> list[Path]:
    """Return what has Jinja in it; the .yml of a role's `files` is data for Python."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    return sorted(
        path for path in found if path.suffix == ".j2" or (path.suffix == ".yml" and path.parent.name != "files")
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ x | map(attribute='keys', default={}) }}", ["keys"]),
        ("{{ x | selectattr('value.values.DisplayName', 'defined') }}", ["values"]),
        ("{{ x | sum(attribute='copy') }}", ["copy"]),
        ("{{ x | groupby('items') }}", ["items"]),
        ("{{ x | sort(attribute='a,get') }}", ["get"]),
        ("{{ x.keys | length }}", ["keys"]),
        ("{{ x['keys'] | default([]) }}", ["keys"]),
        ("{% for y in x.items %}{% endfor %}", ["items"]),
        ("{{ 'pop' | extract(x) }}", ["pop"]),
        ("{{ names | map('extract', x, 'values') }}", ["values"]),
        ("{{ names | map('extract', x, ['a', 'values']) }}", ["values"]),
        ("{% for k, v in x.items() %}{{ x.keys() | list }}{% endfor %}", []),
        ("{{ x | dict2items | selectattr('value') | map(attribute='key') }}", []),
        ("{{ x.key.value }}", []),
    ],
)
def test_what_can_be_a_method_is_found(text: str, found: list[str]) -> None:
    assert taken(text) == found


def test_an_expression_without_braces_counts_and_a_plain_text_does_not() -> None:
    assert [*texts({"when": ["x.keys", "y"], "name": "x.keys", "a{{ b }}": 1})] == [
        "{{ x.keys }}",
        "{{ y }}",
        "a{{ b }}",
    ]


def test_no_jinja_takes_a_method_for_an_entry() -> None:
    wrong: dict[str, set[str]] = {}
    seen = 0
    for path in files():
        content = path.read_text(encoding="utf-8")
        found = [content] if path.suffix == ".j2" else texts([*yaml.load_all(content, _Loader)])
        for text in found:
            seen += 1
            if names := taken(text):
                wrong.setdefault(f"{path.relative_to(ROOT)}: {' '.join(text.split())[:200]}", set()).update(names)
    assert wrong == ALLOWED
    assert seen > 500
