r"""A state document without anybody in it, to be shown to strangers: the same structure, and other names.

Replaced are computers, domains, people and their SIDs, folders of profiles, networks, connections of others, mail
addresses, hosts, public addresses, hardware addresses and product keys: everywhere, each by one and the same name, in
keys and values, in texts and in bytes. What is in `keep` stays: the service's own names and addresses, which the
inventory wants. Private addresses (10.0.0.0/8, say) say nothing of anybody, and stay as well.

What came of it is searched for every name that was replaced; one that is left is an error and never an answer.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from ..values import wininet

# Authorities and accounts that every Windows or Mac has.
_EVERYWHERE = {
    *("nt authority", "builtin", "nt service", "azuread", "workgroup", "window manager", "font driver host"),
    *("system", "administrator", "administrators", "guest", "guests", "users", "everyone", "defaultaccount", "default"),
    *("wdagutilityaccount", "public", "default user", "all users", "remote desktop users", "root", "wheel", "staff"),
    *("admin", "nobody", "daemon", "authenticated users", "interactive"),
}
# Makers of programs, whose names stand in settings everywhere.
_MAKERS = (".microsoft.com", ".windows.com", ".apple.com", ".fortinet.com", ".mozilla.org", ".google.com")
_SID = re.compile(r"S-1-5-21-(\d+-\d+-\d+)|S-1-12-1-(\d+-\d+-\d+-\d+)", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w:/.+-])[\w.+-]+@[\w-]+(\.[\w-]+)+")
_IPV4 = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])")
_IPV6 = re.compile(r"(?<![\w:])([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w:])")
_HARDWARE = re.compile(r"(?<![\w-])([0-9A-Fa-f]{2}([-:])(?:[0-9A-Fa-f]{2}\2){4}[0-9A-Fa-f]{2})(?![\w-])")
_PRODUCT_KEY = re.compile(r"(?<![\w-])[A-Z0-9]{5}(-[A-Z0-9]{5}){4}(?![\w-])")
_URL_HOST = re.compile(r"(?<=://)(?:[^/@\s]*@)?([\w.-]+)|(?<=\\\\)([\w.-]+)(?=\\)")
_LONE_HOST = re.compile(r"(?:\*\.)?((?:[\w-]+\.)+[A-Za-z]{2,})(?::\d+)?(?:,0x\d+)?")
# A lone text that looks like a host but ends like a file or a bundle's id is none.
_TOP = {"com", "net", "org", "edu", "gov", "info", "io", "local", "lan", "home", "internal", "example", "test", "arpa"}
_FILES = {"ps", "py", "js", "sh", "so", "db", "rb", "md", "cs"}
_MADE_UP = re.compile(r"(?:pc-|domain-|user|network|connection)\d+")
_PROFILE = re.compile(r"(?i)\\Users\\([^\\/\"|;]+)|/Users/([^/\"|;]+)")
# Each is looked for in all of the document.
MOST_NAMES = 2000
# Of all names above a text, one after the other.
LONGEST_PLACE = 10_000
_HEX = re.compile(r"(?:[0-9a-f]{2}){8,}")


class NotAnonymousError(ValueError):
    """A name would have been left; the message does not say which."""


def anonymous(document: Mapping[str, Any], keep: Iterable[str] = ()) -> dict[str, Any]:
    """Return the document without anybody in it. Raises NotAnonymousError."""
    names = _Names({text.casefold() for text in keep})
    names.collect(document)
    made: dict[str, Any] = names.replaced(document)
    left = names.left_in(made)
    if left:
        raise NotAnonymousError(f"{left} of the names would still be in it: send it to nobody, and report this")
    return made


def wanted_names(value: Any) -> Iterator[str]:
    """Yield each text of an inventory's wishes, and the hosts, addresses and words in it: what is the service's own."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from wanted_names(key)
            yield from wanted_names(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from wanted_names(part)
    elif isinstance(value, str):
        yield value
        yield from re.split(r"[\s,;|\"'<>=()]+", value)
        yield from (found for one in _URL_HOST.finditer(value) for found in one.groups() if found)
        yield from (one[1] for one in _LONE_HOST.finditer(value))
        yield from _IPV4.findall(value)


class _Names:
    """What is replaced by what; `keep` is in lower case."""

    def __init__(self, keep: set[str]) -> None:
        self._keep = keep
        # Names by what they are called instead; and what is found by its form, by kind, with its number.
        self._by: dict[str, str] = {}
        # As they are spelled: some letters have another one's small letter, so that case alone would miss them.
        self._spelled: set[str] = set()
        # What looks like a name made here, and is in the document: it would count as one that was left.
        self._taken: set[str] = set()
        self._formed: dict[tuple[str, str], int] = {}
        self._counts: dict[str, int] = {}
        self._pattern: re.Pattern[str] | None = None

    # collecting

    def collect(self, document: Mapping[str, Any]) -> None:
        """Learn the names that are in a document."""
        self._taken = {*_MADE_UP.findall(json.dumps(document, ensure_ascii=False).casefold())}
        system = document.get("system", {})
        self._name("PC", system.get("computer_name") if isinstance(system, Mapping) else None)
        self._account(document.get("console_user"))
        for user in _objects(document.get("users")):
            self._account(user.get("name"))
        for group in _objects(document.get("groups")):
            for member in group.get("members") or []:
                self._account(member.get("name") if isinstance(member, Mapping) else None)
        for networks in _objects(document.get("networks")):
            for network in networks.get("connected") or []:
                self._name("network", network.get("name") if isinstance(network, Mapping) else None)
        for path, name, text in _texts(document):
            self._of_place(path)
            if name in ("owner", "group"):
                self._name("user", text)
            if name in ("ProfileName", "Description") and any("NetworkList" in part for part in path):
                self._name("network", text)
            for match in _PROFILE.finditer(text):
                self._name("user", match[1] or match[2])
        every = sorted({*self._by, *self._spelled}, key=lambda name: (-len(name), name))
        if every:
            self._pattern = re.compile("|".join(map(_as_a_word, every)), re.IGNORECASE)

    def _of_place(self, path: tuple[str, ...]) -> None:
        """Learn the name of a connection of somebody else's, which is a key's."""
        for above, between, name in zip(path, path[1:], path[2:], strict=False):
            of_registry = between == "keys" and (above == "Profiles" or above.endswith("\\Tunnels"))
            if of_registry or (above, between) == ("data", "Profiles"):
                self._name("connection", name)

    def _account(self, account: Any) -> None:
        if isinstance(account, str):
            authority, _between, name = account.rpartition("\\")
            self._name("DOMAIN", authority)
            self._name("user", name)

    def _name(self, kind: str, name: Any) -> None:
        if not isinstance(name, str) or len(name) < 2 or self._stays(name):
            return
        folded = name.casefold()
        if folded in _EVERYWHERE or name in self._spelled:
            return
        self._spelled.add(name)
        if len(self._spelled) > MOST_NAMES:
            raise NotAnonymousError(
                f"more than {MOST_NAMES} names of people, networks and connections are in it, more than any laptop "
                "has: send it to nobody, and look at the laptop itself"
            )
        if folded not in self._by:
            self._by[folded] = self._made_up(kind)

    def _made_up(self, kind: str) -> str:
        while True:
            made = f"{kind}{'-' if kind.isupper() else ''}{self._next(kind)}"
            if made.casefold() not in self._taken:
                return made

    def _next(self, kind: str) -> int:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]

    def _stays(self, text: str) -> bool:
        return text.casefold() in self._keep

    # replacing

    def replaced(self, node: Any, name: str = "") -> Any:
        """Return a part of a document with other names; `name` is the key that it stands under."""
        if isinstance(node, Mapping):
            return {
                self.text(str(key), "key"): self.replaced(part, self._under(str(key), name))
                for key, part in node.items()
            }
        if isinstance(node, list):
            return [self.replaced(part, name) for part in node]
        return self.text(node, name) if isinstance(node, str) else node

    @staticmethod
    def _under(key: str, name: str) -> str:
        # `data` of a registry's value is about that value.
        return name if key == "data" else key

    def text(self, text: str, name: str) -> str:
        """Return a text with other names."""
        if re.fullmatch(r"DATA\d+", name):
            # A saved user name, encoded by the client.
            return "saved" if text else ""
        if len(text) % 2 == 0 and _HEX.fullmatch(text):
            return self._bytes(text)
        text = _SID.sub(self._sid, text)
        text = _PRODUCT_KEY.sub("AAAAA-AAAAA-AAAAA-AAAAA-AAAAA", text)
        text = _MAIL.sub(self._mail, text)
        text = _URL_HOST.sub(self._url_host, text)
        text = ";".join(self._lone_host(part) for part in text.split(";"))
        if self._pattern is not None and not self._stays(text):
            text = self._pattern.sub(lambda one: self._by.get(one[0].casefold(), "somebody"), text)
        text = _HARDWARE.sub(self._hardware, text)
        if "version" not in name.casefold():
            text = _IPV4.sub(self._ipv4, text)
            text = _IPV6.sub(self._ipv6, text)
        return text

    def _number(self, kind: str, found: str) -> int:
        """Return the number of something that is found by its form: the same each time."""
        key = (kind, found.casefold())
        if key not in self._formed:
            self._formed[key] = self._next(kind)
        return self._formed[key]

    def _sid(self, found: re.Match[str]) -> str:
        number = 1_000_000_000 + self._number("sid", found[0])
        if found[1]:
            return f"S-1-5-21-1000000001-1000000002-{number}"
        return f"S-1-12-1-1000000001-1000000002-1000000003-{number}"

    def _mail(self, found: re.Match[str]) -> str:
        return found[0] if self._stays(found[0]) else f"mail{self._number('mail', found[0])}@example.org"

    def _hardware(self, found: re.Match[str]) -> str:
        return found[2].join(["02", "00", "00", "00", *divided(self._number("hardware", found[0]))])

    def _host(self, host: str) -> str:
        folded = host.casefold()
        known = self._stays(host) or f".{folded}".endswith(_MAKERS) or folded.endswith((".example.org", ".example.com"))
        if known or _IPV4.fullmatch(host) or "." not in host:
            return host
        return f"host{self._number('host', host)}.example.net"

    def _url_host(self, found: re.Match[str]) -> str:
        host = found[1] or found[2]
        return found[0].replace(host, self._host(host))

    def _lone_host(self, text: str) -> str:
        found = _LONE_HOST.fullmatch(text)
        top = found[1].rpartition(".")[2].casefold() if found else ""
        if not found or (top not in _TOP and (len(top) != 2 or top in _FILES)):
            return text
        return text.replace(found[1], self._host(found[1]))

    def _ipv4(self, found: re.Match[str]) -> str:
        try:
            address = ipaddress.IPv4Address(found[1])
        except ValueError:
            return found[0]
        if not address.is_global or self._stays(found[1]) or self._within_kept(address):
            return found[0]
        network, _between, host = found[1].rpartition(".")
        number = self._number("net", f"{network}.")
        return f"198.{18 + number // 256}.{number % 256}.{host}"

    def _within_kept(self, address: ipaddress.IPv4Address) -> bool:
        return any(address in network for network in self._kept_networks)

    @cached_property
    def _kept_networks(self) -> list[ipaddress.IPv4Network]:
        found = []
        for text in self._keep:
            with suppress(ValueError):
                found.append(ipaddress.IPv4Network(text, strict=False))
        return found

    def _ipv6(self, found: re.Match[str]) -> str:
        try:
            address = ipaddress.IPv6Address(found[1])
        except ValueError:
            return found[0]
        if not address.is_global or self._stays(found[1]):
            return found[0]
        return f"2001:db8::{self._number('six', str(address)):x}"

    def _bytes(self, text: str) -> str:
        """Return bytes, in hex: proxy settings with other names in them, and zeros for others that name somebody."""
        try:
            fields = wininet.decode(text)
        except wininet.WininetError:
            raw = bytes.fromhex(text)
            shown = [raw.decode("latin-1"), raw.decode("utf-16-le", "replace"), raw[1:].decode("utf-16-le", "replace")]
            return "00" * len(raw) if any(self.text(one, "bytes") != one for one in shown) else text
        other = {name: self.text(fields[name], name) for name in wininet.STRINGS}
        same = all(other[name] == fields[name] for name in wininet.STRINGS)
        return text if same else wininet.encode(fields | other, text)

    # looking once more

    def left_in(self, made: Any) -> int:
        """Return how many of the names are still in what came of it."""
        texts = json.dumps(made, ensure_ascii=False)
        # A network's part alone may stand in a version.
        every = {*self._by, *self._spelled, *(found for kind, found in self._formed if kind != "net")}
        return len({name.casefold() for name in every if re.search(_as_a_word(_quoted(name)), texts, re.IGNORECASE)})


def divided(number: int) -> list[str]:
    """Return a number as two bytes in hex."""
    return [f"{number // 256 % 256:02x}", f"{number % 256:02x}"]


def _as_a_word(name: str) -> str:
    """Return a pattern of a name: no part of a longer Latin word; in Japanese no blank says where a name ends."""
    before = r"(?<![0-9A-Za-z_])" if name[:1].isascii() else ""
    after = r"(?![0-9A-Za-z_])" if name[-1:].isascii() else ""
    return f"{before}{re.escape(name)}{after}"


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)[1:-1]


def _objects(node: Any) -> Iterator[Mapping[str, Any]]:
    for part in node.values() if isinstance(node, Mapping) else ():
        if isinstance(part, Mapping):
            yield part


def _texts(node: Any, path: tuple[str, ...] = (), name: str = "") -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield where a text stands, the name of what it is about, and the text; an empty one of what has no part.

    Raises NotAnonymousError.
    """
    if sum(map(len, path)) > LONGEST_PLACE:
        raise NotAnonymousError(
            "names in it are longer than any laptop's: send it to nobody, and look at the laptop itself"
        )
    if isinstance(node, Mapping):
        for key, part in node.items():
            yield from _texts(part, (*path, str(key)), name if key == "data" else str(key))
        if not node:
            yield path, name, ""
    elif isinstance(node, list):
        for part in node:
            yield from _texts(part, path, name)
    elif isinstance(node, str):
        yield path, name, node
