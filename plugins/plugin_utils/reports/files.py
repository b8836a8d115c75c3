"""The files that a run, or several, leave for people and machines; every one made from the records alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ..records.records import RecordError, check_record, merge, read_lines, write_bytes
from .formats import EXPORTS
from .page import render

Record = dict[str, Any]
HTML = "html"
FORMATS = (HTML, *EXPORTS)
LANGUAGES = ("en", "ja")


def write_reports(
    stem: Path,
    records: Collection[Mapping[str, Any]],
    *,
    formats: Collection[str],
    language: str,
    waivers: Collection[Mapping[str, Any]],
) -> dict[str, str]:
    """Write each format beside the others, as `stem` with the format's suffix; return the paths by format.

    Raises OSError, and RecordError before anything is written; each file is there whole or as it was before.
    """
    made: dict[str, tuple[Path, bytes]] = {}
    for name in (name for name in FORMATS if name in formats):
        if name == HTML:
            suffix, content = ".html", render(records, language=language, waivers=waivers).encode("utf-8")
        else:
            suffix, export = EXPORTS[name]
            content = export(records)
        made[name] = (stem.parent / f"{stem.name}{suffix}", content)
    for path, content in made.values():
        write_bytes(path, content)
    return {name: str(path) for name, (path, _content) in made.items()}


def write_all(
    stem: Path, records: Collection[Mapping[str, Any]], how: Mapping[str, Any], waivers: Collection[Mapping[str, Any]]
) -> dict[str, str]:
    """Write the reports that `formats`, `language` and `metrics_file` of the role ask for; as write_reports."""
    given = {"language": how["language"], "waivers": waivers}
    made = write_reports(stem, records, formats=how["formats"], **given)
    if how["metrics_file"]:
        metrics = Path(how["metrics_file"])
        write_reports(metrics.with_suffix(""), records, formats=["openmetrics"], **given)
    return made


def newest(records: Iterable[Mapping[str, Any]]) -> list[Record]:
    """Return of each endpoint the records of the run that measured it last, in one order, whatever order they came in.

    Raises RecordError for what is no record.
    """
    known = list(records)
    for item in known:
        problem = check_record(item)
        if problem:
            raise RecordError(f"not a record: {problem}: {str(item)[:200]}")
    last: dict[str, tuple[str, str]] = {}
    for item in known:
        when = (item["at"], item["run"])
        last[item["endpoint"]] = max(when, last.get(item["endpoint"], when))
    return merge(item for item in known if (item["at"], item["run"]) == last[item["endpoint"]])


def read_runs(paths: Iterable[str | Path]) -> list[Record]:
    """Return the newest records of all endpoints in these JSON Lines files, or in the files of a folder.

    Raises RecordError: a path that is not there, a folder without such files, a line that is no record.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(path.glob("*.jsonl"))
            if not inside:
                raise RecordError(f"{path}: there is no .jsonl file in this folder")
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            raise RecordError(f"{path}: there is no such file")
    if not files:
        raise RecordError("no file was named: endpoint_report_files is a list of .jsonl files or folders of them")
    return newest(item for file in files for item in read_lines(file))
