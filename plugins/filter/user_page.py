"""Jinja filter that makes the page for a laptop's user: facts and words into one HTML file, every one of them escaped.

`facts` (roles/user_page/vars/main.yml makes them): endpoint, person, user_name, system (windows, macos), client
(downloaded, store), connections [{name, gateway, port, prompt_user_name, authentication}], pac_url, office_pc {name,
address}, nas [{name, address, share}], printers [{name, address}], proxy_check {from, to}, tunnel_check_url,
limited_pages [URL], test_network, phone_dns, contact {name, phone, mail}. Words of a language are sentences by name;
{word} stands for a value in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
from ansible.errors import AnsibleFilterError
from markupsafe import Markup, escape

from ..plugin_utils.controls.controls import plain
from ..plugin_utils.records.records import allowed

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_SHARE_SLASHES = {"windows": ("\\\\", "\\"), "macos": ("smb://", "/")}


def user_page(facts: Mapping[str, Any], words: Mapping[str, Mapping[str, str]], template: str) -> str:
    """Return the page in every language of `words` ({code: {name: sentence}}), in their order."""
    return page(plain(facts), plain(words), str(template))


def page(facts: Mapping[str, Any], words: Mapping[str, Mapping[str, str]], template: str) -> str:
    """Return the page.

    Raises AnsibleFilterError for words that want a value which is not there, and jinja2.UndefinedError for what the
    template wants and the facts or words lack.
    """
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"say": say, "link": link, "types": lambda device, name: types(facts, device, name)}
    return environment.from_string(template).render(facts=facts, languages=words)


def say(sentence: str, **values: str) -> Markup:
    """Return a sentence with its values, each to be copied exactly: in <code>, web addresses as links."""
    parts = _PLACEHOLDER.split(sentence)
    made = Markup("")
    for text, name in zip(parts[::2], [*parts[1::2], None], strict=True):
        made += escape(text)
        if name is not None:
            if name not in values:
                given = ", ".join(sorted(values)) or "nothing"
                words = f"{sentence!r} wants {name}; given: {given}"
                raise AnsibleFilterError(f"user_page: {words}. Correct the role's vars/ja.yml or vars/en.yml.")
            made += link(values[name])
    return made


def link(value: str) -> Markup:
    """Return a value to be copied exactly; one that is a web address can be clicked."""
    code = Markup("<code>{}</code>").format(value)
    if re.match(r"https?://", value):
        return Markup('<a href="{}">{}</a>').format(value, code)
    return code


def types(facts: Mapping[str, Any], device: Mapping[str, Any], kind: str) -> list[str]:
    r"""Return what one may type for a device of a kind (`nas` or `pc`): with a name first where names work.

    Names work by WINS, which the downloaded client on Windows gets alone; addresses work always.

    >>> types({"system": "windows", "client": "store"}, {"name": "no-tera", "address": "192.0.2.4"}, "nas")
    ['\\\\192.0.2.4']
    """
    by_name = facts["system"] == "windows" and facts["client"] == "downloaded"
    places = [device["address"], *([device["name"]] if by_name else [])]
    if kind == "pc":
        return [str(place) for place in places]
    begin, between = _SHARE_SLASHES[facts["system"]]
    share = device.get("share", "")
    return [f"{begin}{place}{between if share else ''}{share}" for place in places]


def within_umask(mode: str) -> str:
    """Return the rights that the caller's umask leaves of these."""
    return f"{allowed(int(str(mode), 8)):04o}"


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return name to function."""
        return {"user_page": user_page, "within_umask": within_umask}
