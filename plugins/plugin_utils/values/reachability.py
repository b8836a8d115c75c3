"""From which addresses a program can be reached in one profile of Windows Defender Firewall, and thanks to whom.

All rules of all stores count together: a rule that blocks beats every rule that allows, rules of this machine count
unless Group Policy or MDM has switched them off, and the profile's own settings come first
(docs/sources/windows.md#firewall-order). The answer has three parts: addresses that are let in, that are kept out, and
those of which reading the registry does not tell. A keyword such as LocalSubnet stands for addresses that only the
machine knows; so a rule that blocks one makes every address doubtful that is let in by number, and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .addresses import AddressSet, and_list, parse, union
from .firewall_settings import (
    GROUP_POLICY,
    HARDENING,
    LOCAL,
    MDM,
    STORES,
    FirewallSettingError,
    Keys,
    Profile,
    Setting,
)
from .firewall_settings import profile as settings_of
from .rule_match import EVERYBODY, Listener, Spoken, spoken

NOBODY = parse([])
_SHOWN = 5
# Rules times ranges of addresses. A hundred rules of a blocklist, each with a thousand addresses, are half of it.
MOST = 20_000_000


@dataclass(frozen=True)
class Source:
    """Who lets in or keeps out: a rule of a store, or (without a name) a setting of the profile, in words."""

    store: str | None
    name: str = ""
    title: str = ""

    @property
    def managed(self) -> bool:
        """Whether it is somebody stronger than this machine."""
        return self.store in (GROUP_POLICY, MDM)

    @property
    def words(self) -> str:
        """Return which rule it is, in which store, and whose it is."""
        if not self.name:
            return self.title
        # Windows' own texts are references into its files; whoever adds a rule writes plain text.
        built_in = self.title.startswith("@")
        rule = f'rule "{self.title}" ({self.name})' if self.title and not built_in else f"rule {self.name}"
        if self.store != LOCAL:
            return f"{rule} of {STORES[self.store or LOCAL]}"
        return f"{rule} of this machine, {'built into Windows' if built_in else 'added by a person or a program'}"


@dataclass(frozen=True)
class Entry:
    """Addresses that a source lets in or keeps out; `doubts` say why nobody knows whether it does."""

    source: Source
    addresses: AddressSet
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What is not as it should be, in words, and who did it; `doubts` are what cannot be decided."""

    words: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    culprits: tuple[Source, ...] = ()

    @property
    def managed(self) -> bool:
        """Whether nothing of it can be changed on this machine."""
        return bool(self.culprits) and all(source.managed for source in self.culprits)


@dataclass
class Reach:
    """Who lets a listener's callers in and who keeps them out, in one profile; nothing is added once it was asked."""

    listener: Listener
    settings: Profile
    allow: list[Entry] = field(default_factory=list)
    block: list[Entry] = field(default_factory=list)
    # Those of which nobody knows whether they do. A bypass lets in past what blocks.
    may_allow: list[Entry] = field(default_factory=list)
    may_block: list[Entry] = field(default_factory=list)
    may_bypass: list[Entry] = field(default_factory=list)

    def split(self, wanted: AddressSet) -> tuple[AddressSet, AddressSet, AddressSet]:
        """Return what of these addresses is let in, what is kept out, and what of them nobody can tell."""
        inside, unknown = NOBODY, NOBODY
        for family, (allow, allowing, block, barred, bypass) in self._by_family.items():
            here = wanted.of_family(family)
            possible = here.common(allowing).minus(here.common(block)).plus(here.common(bypass))
            certain = here.common(allow).minus(here.common(barred))
            # What a keyword stands for may be among these numbers, and these numbers among what it stands for.
            if barred.keywords:
                certain = NOBODY
            elif barred:
                certain = AddressSet(frozenset(), certain.ranges)
            inside, unknown = inside.plus(certain), unknown.plus(possible.minus(certain))
        return inside, wanted.minus(inside).minus(unknown), unknown

    @cached_property
    def _by_family(self) -> dict[int, tuple[AddressSet, ...]]:
        """All addresses: allowed; those and the perhaps allowed; blocked; those and the perhaps; past what blocks."""
        every = [
            union(entry.addresses for entry in entries)
            for entries in (self.allow, self.may_allow, self.block, self.may_block, self.may_bypass)
        ]
        found: dict[int, tuple[AddressSet, ...]] = {}
        for family in (4, 6):
            allow, may_allow, block, may_block, bypass = (one.of_family(family) for one in every)
            found[family] = (allow, allow.plus(may_allow), block, block.plus(may_block), bypass)
        return found

    def let_in(self) -> tuple[AddressSet, AddressSet]:
        """Return all that is let in, and all of which nobody can tell."""
        return self._let_in

    @cached_property
    def _let_in(self) -> tuple[AddressSet, AddressSet]:
        entries = [*self.allow, *self.may_allow, *self.may_bypass]
        named = AddressSet(union(entry.addresses for entry in entries).keywords, ())
        (ranges, _out, doubtful), (words, _kept, unknown) = self.split(EVERYBODY), self.split(named)
        return ranges.plus(words), doubtful.plus(unknown)

    def shown(self) -> list[str]:
        """Return who is let in, for a record."""
        return self.let_in()[0].texts() or ["nobody"]

    def kept_out(self, wanted: AddressSet) -> Finding:
        """Return which of the wanted addresses do not get in, and why; without any wanted ones, whether nobody does."""
        if not wanted:
            inside, unknown = self.let_in()
            return Finding() if inside else self._kept_out(NOBODY if unknown else EVERYBODY, unknown)
        _inside, outside, unknown = self.split(wanted)
        return self._kept_out(outside, unknown)

    def _kept_out(self, outside: AddressSet, unknown: AddressSet) -> Finding:
        words, culprits, parts = [], [], []
        for entry in self.block:
            part = outside.common(entry.addresses)
            if part:
                words.append(f"{_are(part)} blocked by {entry.source.words}")
                culprits.append(entry.source)
                parts.append(part)
        rest = outside.minus(union(parts))
        if rest:
            words.append(f"no rule lets {_some(rest)} in to TCP {self.listener.port}")
            merge = self.settings.merge
            culprits.append(Source(merge.store if not merge.value else LOCAL))
            if not merge.value:
                words[-1] += f"; rules of this machine do not count ({merge.place}=0)"
        return Finding(tuple(words), self._doubts(unknown), tuple(culprits))

    def let_in_beyond(self, wanted: AddressSet) -> Finding:
        """Return who is let in that is not among the wanted addresses, and by whom."""
        inside, unknown = (one.minus(wanted) for one in self.let_in())
        guilty = [
            (entry.source, f"{_are(part, entry.addresses)} let in by {entry.source.words}")
            for entry in self.allow
            if (part := inside.common(entry.addresses.minus(wanted)))
        ]
        words = tuple(said for _source, said in guilty)
        return Finding(words, self._doubts(unknown), tuple(source for source, _said in guilty))

    def _doubts(self, unknown: AddressSet) -> tuple[str, ...]:
        if not unknown:
            return ()
        doubtful = [*self.may_allow, *self.may_block, *self.may_bypass]
        words = [f"{entry.source.words}: {'; '.join(entry.doubts)}" for entry in doubtful]
        # Without any of those it is a keyword against numbers.
        words = words or [
            f"{entry.source.words} blocks {_some(entry.addresses)}, and which addresses that leaves is not known"
            for entry in self.block
        ]
        return tuple(words)


@dataclass(frozen=True)
class Networks:
    """The same of the networks that a machine is on, by what each is called: who is kept out on one is kept out."""

    listener: Listener
    by_name: Mapping[str, Reach]

    def shown(self) -> list[str]:
        """Return who is let in on each, for a record."""
        return [f"{name}: {', '.join(found.shown())}" for name, found in self.by_name.items()]

    def kept_out(self, wanted: AddressSet) -> Finding:
        """Return which of the wanted addresses do not get in, and on which network."""
        return self._of_each(lambda found: found.kept_out(wanted))

    def let_in_beyond(self, wanted: AddressSet) -> Finding:
        """Return who is let in that is not among the wanted addresses, and on which network."""
        return self._of_each(lambda found: found.let_in_beyond(wanted))

    def _of_each(self, find: Callable[[Reach], Finding]) -> Finding:
        # Most are of one profile, and so the same.
        each = {id(found): find(found) for found in self.by_name.values()}
        all_found = {name: each[id(found)] for name, found in self.by_name.items()}
        words = [f"{name}: {said}" for name, found in all_found.items() for said in found.words]
        doubts = [f"{name}: {said}" for name, found in all_found.items() for said in found.doubts]
        culprits = [source for found in all_found.values() for source in found.culprits]
        return Finding(tuple(words), tuple(doubts), tuple(culprits))


def reach(listener: Listener, profile: str, rules: Iterable[tuple[str, str, str]], stores: Mapping[str, Keys]) -> Reach:
    """Return who can reach a listener in a profile.

    `rules` are (store, name, text of the registry); `stores` as in `firewall_settings.profile`, which also tells what
    is raised. A rule of which nothing can be read is a doubt about everybody.
    """
    settings = settings_of(profile, stores)
    found = Reach(listener, settings)
    hardening: list[tuple[Source, Spoken]] = []
    for store, name, text in rules:
        said = spoken(text, listener)
        if said is None or profile not in said.profiles:
            continue
        source = Source(store, name, said.title)
        if store == HARDENING:
            hardening.append((source, said))
        elif settings.enabled.value and not settings.shielded.value and (store != LOCAL or settings.merge.value):
            _take(found, source, said)
    _take_settings(found, profile)
    _check_size(found, hardening)
    _restrict(found, hardening)
    return found


def _check_size(found: Reach, hardening: list[tuple[Source, Spoken]]) -> None:
    """Refuse what would have no end: each rule's addresses are compared with those of all."""
    entries = [*found.allow, *found.block, *found.may_allow, *found.may_block, *found.may_bypass]
    sets = [*(entry.addresses for entry in entries), *(said.addresses for _source, said in hardening)]
    ranges = sum(len(one.ranges) for one in sets)
    if len(sets) * ranges > MOST:
        raise FirewallSettingError(
            f"{len(sets)} rules with {ranges} ranges of addresses are about TCP {found.listener.port}, more than can "
            "be compared with each other; look at the rules on the machine itself"
        )


def _take(found: Reach, source: Source, said: Spoken) -> None:
    entry = Entry(source, said.addresses, said.doubts)
    if not said.doubts:
        (found.block if said.action == "Block" else found.allow).append(entry)
        return
    if said.action in ("Allow", ""):
        found.may_allow.append(entry)
    if said.action in ("Block", ""):
        found.may_block.append(entry)
    if said.action == "ByPass":
        found.may_bypass.append(entry)


def _take_settings(found: Reach, profile: str) -> None:
    settings = found.settings
    if not settings.enabled.value:
        found.allow.append(_setting(settings.enabled, f"the {profile} profile, in which the firewall is off"))
    elif settings.shielded.value:
        found.block.append(_setting(settings.shielded, f"the {profile} profile, which blocks all incoming connections"))
    elif not settings.inbound.value:
        found.allow.append(_setting(settings.inbound, f"the {profile} profile, which allows what no rule blocks"))
    if settings.enabled.value and settings.interfaces:
        entry = _setting(settings.interfaces, f"the {profile} profile")
        doubt = "the firewall is off for some network interfaces"
        found.may_bypass.append(Entry(entry.source, entry.addresses, (doubt,)))


def _setting(setting: Setting, words: str) -> Entry:
    return Entry(Source(setting.store, title=f"{words} ({setting.place}={setting.value})"), EVERYBODY)


def _restrict(found: Reach, hardening: list[tuple[Source, Spoken]]) -> None:
    """Take in what restricts a service whatever the firewall's state: it never opens, and its own exceptions count."""
    excepted = union(said.addresses for _source, said in hardening if said.action == "Allow" and not said.doubts)
    perhaps = [said for _source, said in hardening if said.action != "Block" and said.doubts]
    doubtful = union(said.addresses for said in perhaps)
    for source, said in hardening:
        part = said.addresses.minus(excepted)
        if said.action == "Allow" or not part:
            continue
        unknown, certain = (part, NOBODY) if said.doubts else (part.common(doubtful), part.minus(doubtful))
        if certain:
            found.block.append(Entry(source, certain))
        if unknown:
            doubts = said.doubts or tuple(doubt for one in perhaps for doubt in one.doubts)
            found.may_block.append(Entry(source, unknown, doubts))


def _some(part: AddressSet) -> str:
    if part.is_any:
        return "anybody"
    texts, number = _texts(part)
    return and_list(texts if number <= _SHOWN else [*texts[:_SHOWN], f"{number - _SHOWN} more"])


def _texts(part: AddressSet) -> tuple[list[str], int]:
    """Return the first texts of a set, and how many there are: of tens of thousands, few are worth making."""
    texts = AddressSet(part.keywords, part.ranges[:_SHOWN]).texts()
    return texts, len(texts) + len(part.ranges[_SHOWN:])


def _are(part: AddressSet, of: AddressSet = NOBODY) -> str:
    """Return addresses with their verb; of everybody but some, all are named: the rest as ranges says nothing."""
    if part.is_any or of.is_any:
        return "all addresses are"
    return f"{_some(part)} {'is' if _texts(part)[1] == 1 else 'are'}"
