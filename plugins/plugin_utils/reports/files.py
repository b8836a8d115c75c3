"""The files that a run, or several, leave for people and machines; every one made from the records alone.

Equal records give equal bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..records.records import replaced
from ..records.runs import Known, Runs, known
from .csv import Csv
from .junit import Junit
from .openmetrics import Openmetrics
from .page import Page
from .sarif import Sarif
from .writer import Writer, looked, written

# Name -> the end of the file's name, and what writes the file; docs/reports.md says what each is for. node_exporter
# reads *.prom only.
EXPORTS: dict[str, tuple[str, type[Writer]]] = {
    "csv": (".csv", Csv),
    "junit": (".junit.xml", Junit),
    "openmetrics": (".prom", Openmetrics),
    "sarif": (".sarif", Sarif),
}
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
        suffix, writer = (
            (".html", Page(how["language"], waivers, stem.parent))
            if name == HTML
            else (EXPORTS[name][0], EXPORTS[name][1]())
        )
        made[name] = writers[writer] = stem.parent / f"{stem.name}{suffix}"
    if how["metrics_file"]:
        writers[EXPORTS["openmetrics"][1]()] = Path(how["metrics_file"]).with_suffix(EXPORTS["openmetrics"][0])
    ours = known(records)
    looked(writers, ours)
    with ExitStack() as files:
        written({writer: files.enter_context(replaced(path)) for writer, path in writers.items()}, ours)
    return {name: str(path) for name, path in made.items()}
