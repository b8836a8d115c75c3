"""Which endpoints a run was asked for, and what speaks against it: the inventory's files, its groups and `--limit`.

Ansible only warns of an inventory that it cannot find or read, and of a name in `--limit` that nothing has; then it
goes on without the machines that were meant. Here each of these is a refusal with its cure.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml
from ansible.inventory.manager import IGNORED, split_host_pattern

from ..ledger.ledger import mistakes_in

# They say how a machine is reached, not what it is for.
PLATFORMS = ("windows", "macs")
# They stand beside the hosts and are read by records.waivers; without our ansible.cfg Ansible tries them in vain.
WAIVERS = "waivers.yml"
# Of a CSV file Ansible makes hosts that are called as its lines.
SPREADSHEETS = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods")
NAMED = 3


@dataclass(frozen=True)
class Asked:
    """What Ansible made of the inventory and of `--limit`.

    `groups` are all groups with all their hosts; `parsed` the files that Ansible could read; `hosts` those that --limit
    leaves. `wanted` are the groups that the playbook is for, `ours` all that any playbook is for.
    """

    groups: Mapping[str, Sequence[str]]
    sources: Sequence[str]
    parsed: Collection[str]
    hosts: Sequence[str]
    limit: str | None
    wanted: Sequence[str]
    ours: Sequence[str]

    def endpoints(self) -> list[str]:
        """Return the endpoints that were asked for, in the order of their groups, each once."""
        left = {*self.hosts}
        return [host for host in self.members(self.wanted) if host in left]

    def members(self, groups: Iterable[str]) -> list[str]:
        """Return the hosts of groups, whatever --limit says, each once."""
        return list(dict.fromkeys(host for group in groups for host in self.groups.get(group, [])))

    def broken(self) -> list[str]:
        """Return a sentence for each thing that is wrong with the inventory's files; then nothing else is sure."""
        return [words for source in unparsed(self.sources, self.parsed) for words in _broken(source)]

    def refusals(self) -> list[str]:
        """Return a sentence for each thing that speaks against the run, when nothing is broken."""
        if not self.members(["all"]):
            where = ", ".join(self.sources)
            groups = f"group{'s' if len(self.wanted) > 1 else ''} {_or(self.wanted, 'and')}"
            return [
                f"the inventory ({where}) has no machine in it. Put yours into the {groups}, "
                "as docs/ledger.md shows, or name another inventory: -i PATH"
            ]
        strays = dict(self._strays())
        found = [*strays.values(), *self._misses({host for hosts in strays for host in hosts})]
        if not found and not self.endpoints():
            found = [f"no machine of this run is in {_or(self.wanted)}. Put it into the group that says what it is for"]
        return found

    def _strays(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield machines that no playbook is for, though a group calls them endpoints, and what is said of them."""
        homeless = {*self.hosts} - {*self.members(self.ours)}
        for group in sorted({*self.groups} - {*self.ours, *PLATFORMS, "all", "ungrouped"}):
            near = difflib.get_close_matches(group.lower(), self.ours, n=1, cutoff=0.8)
            strays = tuple(host for host in self.groups[group] if host in homeless)
            if near and strays:
                homeless -= {*strays}
                yield (
                    strays,
                    f"{some(strays)}: in the group '{group}', which no playbook is for. Did you mean '{near[0]}'? "
                    "Correct the group's name in the inventory",
                )
        strays = tuple(host for host in self.members(PLATFORMS) if host in homeless)
        if strays:
            yield (
                strays,
                f"{some(strays)}: in {_or(PLATFORMS)}, but in no group that says what for, so nothing would be done or "
                f"said about it. Put it into {_or(self.ours)}, or leave it out: --limit {':'.join(self.ours)}",
            )

    def _misses(self, strays: Collection[str]) -> Iterator[str]:
        """Yield what is said of each part of --limit that matches nothing that the playbook is for."""
        # Of a stray machine it is the group that is wrong, and not --limit.
        wanted, everything = {*self.members(self.wanted), *strays}, {*self.members(["all"])}
        for part in split_host_pattern(self.limit or ""):
            name = part.lstrip("!&")
            # A regular expression, a file, or a slice: what they leave is judged as a whole.
            if not name or name[0] in "~@" or "[" in name:
                continue
            matched = {host for host in everything if fnmatchcase(host, name)}
            matched |= {*self.members(group for group in self.groups if fnmatchcase(group, name))}
            narrows = part[0] in "!&"
            if not matched:
                near = difflib.get_close_matches(name, [*self.groups, *everything], n=1)
                meant = f"did you mean '{near[0]}'?" if near else "correct it"
                yield f"--limit: nothing in the inventory is called '{name}'; {meant}"
            elif not narrows and not matched & wanted:
                yield f"--limit: '{name}' is no machine of {_or(self.wanted)}, which this playbook is for. Leave it out"


def unparsed(sources: Iterable[str], parsed: Collection[str]) -> Iterator[str]:
    """Yield the files that Ansible made no inventory of, or a wrong one, looking at a folder as Ansible does."""
    for source in sources:
        # Names as Ansible builds those in `parsed`, so by os: pathlib would drop a slash that somebody typed.
        if os.path.isdir(source):  # noqa: PTH112 - the same names as Ansible's
            names = [name for name in sorted(os.listdir(source)) if not IGNORED.search(os.fsencode(name))]  # noqa: PTH208 - the same
            yield from unparsed((os.path.join(source, name) for name in names if name != WAIVERS), parsed)  # noqa: PTH118 - the same
        elif source not in parsed or source.lower().endswith(SPREADSHEETS):
            yield source


def ledger_mistakes(sources: Iterable[str]) -> list[str]:
    """Return what is wrong with the ledgers among the inventory's files."""
    return [words for source in unparsed(sources, ()) for words in _of_ledger(source)]


def _of_ledger(source: str) -> list[str]:
    path = Path(source)
    mistakes = mistakes_in(path) if path.suffix in (".yml", ".yaml") and path.is_file() else []
    return [f"{source}: nothing of this ledger is used until it is right:", *mistakes] if mistakes else []


def _broken(source: str) -> list[str]:
    return _of_ledger(source) or [_unreadable(source)]


def _unreadable(source: str) -> str:
    path = Path(source)
    if not path.exists():
        return f"the inventory {source} does not exist. Name the folder or the file of your machines: -i PATH"
    if source.lower().endswith(SPREADSHEETS):
        return (
            f"{source} is a spreadsheet, and Ansible takes it for a list of hosts. Put it outside of the inventory's "
            "folder, and name it in a ledger.yml there; see docs/ledger.md"
        )
    why = "Ansible's warnings above say why"
    if path.stem == Path(WAIVERS).stem:
        why = f"waivers stand in {WAIVERS}"
    elif path.suffix in (".yml", ".yaml", ".json"):
        try:
            yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
            why = f"{where}{error.problem or error.context}"
        except (OSError, ValueError, yaml.YAMLError) as error:
            why = " ".join(str(error).split())
    return f"{source} cannot be read as an inventory ({why}). Correct it, or move it out of the inventory"


def some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are.

    >>> some(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _or(names: Sequence[str], word: str = "or") -> str:
    return f" {word} ".join(f"'{name}'" for name in names)
