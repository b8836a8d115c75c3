"""What people read says what is there: commands, statuses, messages, and both languages the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *DOCS.glob("ja/*.md"), *ROOT.glob("roles/*/README.md")]
PLAYBOOKS = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
# Parts of the others, started by nobody.
PARTS = {"prepare", "finish"}
COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)
STARTED = re.compile(r"ansible-playbook [^`\n]*?playbooks/(\w+)\.yml([^`\n]*)")
STATUS_TABLES = [("reading-an-audit.md", "| status |"), ("ja/reading-an-audit.md", "| 状態 |")]
MESSAGE_TABLES = [("when-it-fails.md", "| you see |"), ("ja/when-it-fails.md", "| 表示 |")]
# Words of Ansible, of the libraries that it reaches machines with, and of the tables themselves.
WORDS_OF_OTHERS = {
    "the specified credentials were rejected",
    "certificate verify failed",
    "unreachable",
    "drifted",
    "error",
    "managed_elsewhere",
    "memory",
    "history",
}


def text_of(path: str) -> str:
    return (DOCS / path).read_text(encoding="utf-8")


def first_column(page: str, header: str) -> list[str]:
    """Return the cells of the first column of the table under this header."""
    rows = page[page.index(header) :].split("\n\n", maxsplit=1)[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


def test_the_way_is_the_same_in_both_languages():
    english, japanese = (COMMAND.findall(text_of(path)) for path in ("thirty-laptops.md", "ja/thirty-laptops.md"))
    assert len(english) >= 15
    assert english == japanese


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_playbook_that_a_page_starts_is_there(path):
    names = {name for name, _ in STARTED.findall(path.read_text(encoding="utf-8"))}
    assert names <= PLAYBOOKS - PARTS


def test_each_playbook_that_people_start_has_its_line_among_the_commands():
    table = first_column(text_of("commands.md"), "| command | what it does |")
    assert {STARTED.search(cell)[1] for cell in table} == PLAYBOOKS - PARTS


@pytest.mark.parametrize(
    ("page", "header"), [("reading-an-audit.md", "| status |"), ("ja/reading-an-audit.md", "| 状態 |")]
)
def test_each_status_of_a_record_is_explained(page, header):
    schema = json.loads((ROOT / "schemas/record.schema.json").read_text(encoding="utf-8"))
    assert first_column(text_of(page), header) == [f"`{status}`" for status in order(schema)]


def order(schema):
    """Return the statuses as the pages have them: what is good, what is not, what is not known."""
    first = ["compliant", "fixed", "drifted", "managed_elsewhere", "not_applicable", "waived", "waiver_expired"]
    every = schema["properties"]["status"]["enum"]
    return first + [status for status in every if status not in first]


def sources() -> str:
    """Return all that can speak to a person, in one line."""
    folders = [ROOT / name for name in ("plugins", "roles", "playbooks", "enroll")]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".yml", ".ps1", ".j2")]
    return re.sub(r"[\s\"']+", " ", " ".join(path.read_text(encoding="utf-8") for path in files))


@pytest.mark.parametrize(("page", "header"), MESSAGE_TABLES)
def test_each_message_is_one_that_somebody_says(page, header):
    said = sources()
    cells = first_column(text_of(page), header)
    words = [each for cell in cells for each in re.findall("`([^`]+)`", cell)]
    parts = {part.strip(" :") for each in words for part in each.split("...")}
    parts = {re.sub(r"^(unreachable |drifted |error |Not good: )", "", part) for part in parts} - WORDS_OF_OTHERS - {""}
    # Numbers are put in when it is said.
    unsaid = [part for part in parts if not all(bit in said for bit in re.split(r"\b\d+\b", part) if len(bit) > 3)]
    assert sorted(unsaid) == []


def test_a_readme_is_one_screen():
    for name in ("README.md", "README.ja.md"):
        assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 60, name


def test_the_index_leads_to_every_page():
    named = set(re.findall(r"\]\(([\w./-]+\.md)\)", text_of("README.md")))
    pages = {str(path.relative_to(DOCS)) for path in [*DOCS.glob("*.md"), *DOCS.glob("ja/*.md")]} - {"README.md"}
    assert pages <= named


def test_extra_variables_of_the_pages_are_variables_of_a_role_or_playbook():
    known = "\n".join(
        path.read_text(encoding="utf-8")
        for pattern in ("roles/*/meta/argument_specs.yml", "playbooks/*.yml", "playbooks/group_vars/*.yml")
        for path in ROOT.glob(pattern)
    )
    for path in PAGES:
        for _, rest in STARTED.findall(path.read_text(encoding="utf-8")):
            for given in re.findall(r"-e (?:'(\{.*?\})'|(\w+)=)", rest):
                names = yaml.safe_load(given[0]).keys() if given[0] else [given[1]]
                assert [name for name in names if name not in known] == [], path


def test_each_playbook_of_the_pages_is_run_by_a_test_as_people_run_it():
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/e2e").glob("*.py"))
    tests += text_of("thirty-laptops.md")  # whose commands test_newcomer.py types
    assert sorted(name for name in PLAYBOOKS - PARTS if f"{name}.yml" not in tests) == []


def anchors(page: Path) -> set[str]:
    """Return what a link may name in a page, as GitHub makes it of its headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_each_link_within_the_repository_leads_somewhere():
    every = [path for path in ROOT.rglob("*.md") if not path.relative_to(ROOT).parts[0].startswith(".")]
    assert len(every) > 50
    lost = []
    for page in every:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)", text):
            place = (page.parent / target).resolve() if target else page
            if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
                lost.append(f"{page.relative_to(ROOT)}: {target}#{anchor}")
    assert lost == []
