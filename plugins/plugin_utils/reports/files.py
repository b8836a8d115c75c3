"""The files that a run, or several, leave for people and machines; every one made from the records alone.

Equal records give equal bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from ..records.records import replaced
from ..records.runs import Known, Runs, known
from .page import Page
from .writer import Writer, looked, written

# Name -> the end of the file's name; docs/reports.md says what each is for. node_exporter reads *.prom only.
EXPORTS = {"csv": ".csv", "junit": ".junit.xml", "openmetrics": ".prom", "sarif": ".sarif"}
HTML = "html"
FORMATS = (HTML, *EXPORTS)


def write_all(
    stem: Path,
    records: Iterable[Mapping[str, Any]] | Known | Runs,
    how: Mapping[str, Any],
    waivers: Collection[Mapping[str, Any]],
) -> dict[str, str]:
    """Write the reports that `formats`, `language` and `metrics_file` of the role ask for; return the paths by format.

    Each is `stem` with the format's suffix; `metrics_file` gets the metrics as well. Raises OSError, and RecordError
    before anything is written. All are written before the first of them takes its place; after a failure each is there
    whole or as it was before.
    """
    made: dict[str, Path] = {}
    writers: dict[Writer, Path] = {}
    for name in (name for name in FORMATS if name in how["formats"]):
        writer = Page(how["language"], waivers, stem.parent) if name == HTML else writer_of(name)
        made[name] = writers[writer] = stem.parent / f"{stem.name}{EXPORTS.get(name, '.html')}"
    if how["metrics_file"]:
        writers[writer_of("openmetrics")] = Path(how["metrics_file"]).with_suffix(EXPORTS["openmetrics"])
    ours = known(records)
    looked(writers, ours)
    with ExitStack() as files:
        written({writer: files.enter_context(replaced(path)) for writer, path in writers.items()}, ours)
    return {name: str(path) for name, path in made.items()}


def writer_of(name: str) -> Writer:
    """Return what writes an export: the class of its name in the module of its name.

    Ansible compiles a collection's modules anew at each start, so those that nobody asked for are left alone.
    """
    writer: Writer = getattr(import_module(f".{name}", __package__), name.capitalize())()
    return writer
