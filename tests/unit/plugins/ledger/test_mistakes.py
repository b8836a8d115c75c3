"""What is wrong with a ledger is said with its place and its cure, all at once, and then nothing of it is used."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from openpyxl import Workbook

from plugins.plugin_utils.ledger.ledger import mistakes_in, read_ledger
from plugins.plugin_utils.ledger.machines import _one_line
from plugins.plugin_utils.ledger.table import Table, letters
from tests.samples.ledger import excel
from tests.samples.ledger.files import COLUMN_NAMES, ledger, mistakes, small

HEAD = "host,system,role," + ",".join(COLUMN_NAMES) + "\n"
PAGE = "; see docs/ledger.md"
NOTE = "; a note begins with ※ or # and stands alone in its row"


def row(**cells: str) -> str:
    values = {"host": "nb-1", "system": "windows", "role": "laptop", **cells}
    return ",".join(f'"{values.get(name, "")}"' for name in ("host", "system", "role", *COLUMN_NAMES)) + "\n"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row(host="")], "A2: host is empty, and the row has other cells; write the name" + NOTE),
        (
            [row(host="nb 1")],
            "A2: host is 'nb 1'; allowed are letters, digits, hyphens and dots, and no name of a group" + NOTE,
        ),
        (
            [row(host="Laptops")],
            "A2: host is 'Laptops'; allowed are letters, digits, hyphens and dots, and no name of a group" + NOTE,
        ),
        (
            [row(host="合計")],
            "A2: host is '合計'; allowed are letters, digits, hyphens and dots, and no name of a group" + NOTE,
        ),
        ([row(system="Linux")], "B2: system is 'Linux'; allowed are windows and macos, and more by words.system"),
        ([row(system="")], "B2: system is empty; allowed are windows and macos, and more by words.system"),
        (
            [row(role="laptop, printer")],
            "C2: role is 'laptop, printer'; allowed are laptop and office_pc, and more by words.role",
        ),
        ([row(client="free")], "D2: client is 'free'; allowed are download and store, and more by words.client"),
        (
            [row(system="macos", client="Store")],
            "D2: client is 'Store', which is for Windows; leave it empty for a Mac",
        ),
        ([row(life="broken")], "E2: life is 'broken'; allowed are in_use and out_of_use, and more by words.life"),
        ([row(language="fr")], "F2: language is 'fr'; allowed are ja and en and both, and more by words.language"),
        (
            [row(system="windows/macos")],
            "B2: system is 'windows/macos'; allowed are windows and macos, and more by words.system",
        ),
        ([row(address="pc 3")], "G2: address is 'pc 3'; allowed is an IP address or a host name"),
        (
            [row(nas="()")],
            "H2: nas is '()'; write NAME ADDRESS or NAME ADDRESS SHARE, with an IP address, such as 'no-tera 192.0.2.4 "
            "data'",
        ),
        ([row(office_pc="、")], "I2: office_pc is '、'; write one PC"),
        ([row(address="192.0.2")], "G2: address is '192.0.2'; allowed is an IP address or a host name"),
        (
            [row(nas="no-tera")],
            "H2: nas is 'no-tera'; write NAME ADDRESS or NAME ADDRESS SHARE, with an IP address, such as 'no-tera "
            "192.0.2.4 data'",
        ),
        (
            [row(office_pc="pc-9")],
            "I2: office_pc is 'pc-9', and no row in use of that name has an IP address; write it behind the name, such "
            "as 'pc-0201 192.0.2.21'",
        ),
        (
            [row(office_pc="pc-9 192.0.2.9 data")],
            "I2: office_pc is 'pc-9 192.0.2.9 data'; write NAME or NAME ADDRESS, with an IP address, such as 'pc-0201 "
            "192.0.2.21'",
        ),
        ([row(office_pc="p 192.0.2.8; q 192.0.2.9")], "I2: office_pc is 'p 192.0.2.8; q 192.0.2.9'; write one PC"),
        ([row(), row(), row(host="NB-1")], "A3: host 'nb-1' stands in pcs.csv, A2 already; keep one of the rows"),
        (
            [row(address="192.0.2.1"), row(host="nb-2", address="192.0.2.1")],
            "G3: address '192.0.2.1' stands in pcs.csv, G2 already; keep one of the rows",
        ),
        (
            [row(owner="Suzuki\x1b[2J")],
            r"J2: owner 'Suzuki\x1b[2J' has the character '\x1b', which does not show; type the cell again",
        ),
    ],
)  # fmt: skip
def test_a_row(tmp_path, rows, words):
    said = mistakes(small(tmp_path, HEAD + "".join(rows), *COLUMN_NAMES))
    assert said[0] == f"pcs.csv, {words}{PAGE}"
    assert len(said) == len(rows) - 1 or len(said) == 1


def test_the_words_of_the_configuration_are_named(tmp_path):
    columns = {"host": "host", "system": "OS", "role": "用途"}
    words = {"system": {"windows": "Windows*"}, "role": {"laptop": ["ノートPC", "持出"], "office_pc": "事務PC"}}
    made = ledger(tmp_path, "host,OS,用途\nnb-1,Windows,印刷機\n", columns=columns, words=words)
    assert mistakes(made) == [
        "pcs.csv, C2: role is '印刷機'; allowed are laptop (ノートPC, 持出) and office_pc (事務PC), and more by "
        "words.role; see docs/ledger.md"
    ]


def test_all_mistakes_are_said_at_once_in_the_order_of_the_rows(tmp_path):
    text = "host,system,role\nnb-1,windows,laptop\nnb-1,Linux,laptop\nnb 2,windows,\nnb-1,windows,laptop\n"
    assert [words.partition(" is ")[0].partition(" 'nb")[0] for words in mistakes(small(tmp_path, text))] == [
        "pcs.csv, B3: system",
        "pcs.csv, A4: host",
        "pcs.csv, C4: role",
        "pcs.csv, A5: host",
    ]


def test_of_many_the_first_are_said_and_how_many_more(tmp_path):
    said = mistakes(small(tmp_path, "host,system,role\n" + "".join(f"nb-{n},x,laptop\n" for n in range(50))))
    assert len(said) == 21
    assert said[19].startswith("pcs.csv, B21: system is 'x'")
    assert said[20] == "and 30 more"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            '<c r="H5" t="str"><f>"佐藤"&amp;" 次郎"</f><v>佐藤 次郎</v></c>',
            '<c r="H5"><f>"佐藤"&amp;" 次郎"</f></c>',
            "'PC 台帳'!H5: person is a formula, and the file does not have its result; open it in Excel or "
            "LibreOffice, and save it again",
        ),
        (
            '<c r="H5" t="str"><f>"佐藤"&amp;" 次郎"</f><v>佐藤 次郎</v></c>',
            '<c r="H5" t="e"><f>VLOOKUP(A5,Z:Z,1,0)</f><v>#N/A</v></c>',
            "'PC 台帳'!H5: person '#N/A' is an error of Excel's; correct the formula, or type the value",
        ),
        (
            '<c r="A7"><v>103</v></c>',
            '<c r="A7" s="1"><v>46113</v></c>',
            "'PC 台帳'!A7: host '2026-04-01' is a date or a time: Excel makes one of what looks like it; format the "
            "cell as text and type it again",
        ),
        (
            '<c r="A7"><v>103</v></c>',
            '<c r="A7" t="inlineStr"><is><t>nb_x001B_1</t></is></c>',
            r"'PC 台帳'!A7: host 'nb\x1b1' has the character '\x1b', which does not show; type the cell again",
        ),
        (
            '<c r="A7"><v>103</v></c>',
            '<c r="A7" t="b"><v>1</v></c>',
            "'PC 台帳'!A7: host 'TRUE' is a yes-no value; type a word",
        ),
        (
            '<c r="A7"><v>103</v></c>',
            '<c r="A7"><v>103.5</v></c><c r="B7"><v>192.02</v></c>',
            "'PC 台帳'!B7: address is '192.02'; allowed is an IP address or a host name",
        ),
    ],
)  # fmt: skip
def test_a_cell_of_a_workbook(tmp_path, old, new, words):
    assert mistakes(ledger(tmp_path, excel.workbook((old, new)), "pcs.xlsx")) == [f"pcs.xlsx, {words}{PAGE}"]


def test_a_host_merged_over_two_rows_stands_there_twice(tmp_path):
    content = excel.workbook(
        ('<mergeCell ref="G4:G7"/>', '<mergeCell ref="A7:A8"/>'),
        ('<c r="A8" t="s"><v>18</v></c>', ""),
    )  # fmt: skip
    assert mistakes(ledger(tmp_path, content, "pcs.xlsx"))[1:] == [
        f"pcs.xlsx, 'PC 台帳'!A8: host '103' stands in pcs.xlsx, 'PC 台帳'!A7 already; keep one of the rows{PAGE}"
    ]


def workbook(*sheets: str) -> bytes:
    book = Workbook()
    for sheet in sheets:
        book.create_sheet(sheet)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def packed(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as files:
        for name, content in parts.items():
            files.writestr(f"{name}.xml", content)
    return made.getvalue()


SAVE_AGAIN = "save it from Excel as 'Excel Workbook (.xlsx)', not 'Strict Open XML', or as 'CSV UTF-8'"


@pytest.mark.parametrize(
    ("content", "config", "words"),
    [
        (
            b"host,system,role\nnb-1,windows,laptop,\x85\x3a\n",
            {},
            "pcs, line 2: byte 0x85 is not utf-8 or cp932; save it from Excel as 'CSV UTF-8'",
        ),
        (
            b"host,system,role\n",
            {"encoding": "utf-16"},
            "pcs, line 1: byte 0x0a is not utf-16; save it from Excel as 'CSV UTF-8'",
        ),
        (
            b'host,system,role\nnb-1,windows,laptop\n"nb-2,windows,laptop\nnb-3,windows,laptop\n',
            {},
            "pcs, line 4: no CSV (unexpected end of data); save it again from Excel as 'CSV UTF-8'",
        ),
        (b"host,system,role\n\n", {}, "pcs, row 1: no machine stands below the headers"),
        (
            b"",
            {},
            "pcs, row 1 to 50: no header of columns.host ('host') stands there; correct columns.host, or the header, "
            "or the encoding if the file is text",
        ),
        (
            b"host,role\nnb-1,laptop\n",
            {},
            "pcs, row 1: no header of columns.system ('system') stands there; correct columns.system, or the header",
        ),
        (
            b"host,system,role,Role\nnb-1,windows,laptop,\n",
            {},
            "pcs, D1: a second header of columns.role, after pcs, C1; keep one",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            {},
            "pcs: it is an old workbook (.xls), or has a password; save it from Excel as 'Excel Workbook "
            "(.xlsx)' without a password, or as 'CSV UTF-8'",
        ),
        (
            b"PK\x03\x04",
            {},
            "pcs: it is no workbook that can be read (BadZipFile: File is not a zip file); " + SAVE_AGAIN,
        ),
        (
            packed(a=b"0" * 65 * 2**20),
            {},
            "pcs: it has 65 MiB of cells, and at most 64 are read; copy the columns of the machines into a workbook of "
            "their own",
        ),
        (workbook("PCs"), {}, "pcs: it has the sheets Sheet, PCs; name the one to read: sheet: NAME"),
        (workbook("PCs"), {"sheet": "Pcs"}, "pcs: it has no sheet 'Pcs', but Sheet, PCs; correct `sheet`"),
        (
            workbook(),
            {},
            "pcs, Sheet, row 1 to 50: no header of columns.host ('host') stands there; correct columns.host, or the "
            "header, or the encoding if the file is text",
        ),
    ],
)  # fmt: skip
def test_a_file(tmp_path, content, config, words):
    made = small(tmp_path, content, name="pcs", **config)
    assert mistakes(made) == [f"{words}{PAGE}"]
    assert mistakes_in(made) == mistakes(made)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"path": None}, "path is missing; name the CSV or XLSX file, from the folder of this configuration"),
        ({"path": ["a"]}, "path is '['a']'; write a text"),
        ({"shet": "PCs"}, "there is no shet; did you mean sheet?"),
        ({"encoding": "euc_jp"}, "encoding is 'euc_jp'; allowed are auto, utf-8, cp932, utf-16"),
        (
            {"columns": ["host"]},
            "columns is no mapping; allowed are the names host, system, role, address, client, owner, life, person, "
            "user_name, language, office_pc, nas, remote_users, each with a list of texts",
        ),
        ({"columns": {"host": "a", "system": "b"}}, "columns.role is missing; name the header of that column"),
        (
            {"columns": {"host": "a", "system": "b", "role": "c", "adress": "d"}},
            "there is no columns.adress; did you mean address?",
        ),
        (
            {"columns": {"host": "a", "system": "b", "role": ["c", "Ｂ"]}},
            "columns: 'Ｂ' stands for system and for role; keep one",
        ),
        (
            {"columns": {"host": 7, "system": "b", "role": "c"}},
            "columns.host is '7'; write a text or a list of texts (numbers in quotes)",
        ),
        (
            {"columns": {"host": ["a", 7], "system": "b", "role": "c"}},
            "columns.host is '['a', 7]'; write a text or a list of texts (numbers in quotes)",
        ),
        (
            {"columns": {"host": [], "system": "b", "role": "c"}},
            "columns.host is '[]'; write a text or a list of texts (numbers in quotes)",
        ),
        (
            {"columns": {"host": " - ", "system": "b", "role": "c"}},
            "columns.host is '[' - ']'; write a text or a list of texts (numbers in quotes)",
        ),
        ({"words": ["a"]}, "words is no mapping; allowed are the columns system, role, client, life, language"),
        ({"words": {"owner": {}}}, "there is no words.owner; allowed are system, role, client, life, language"),
        ({"words": {"role": {"notebook": "a"}}}, "there is no words.role.notebook; allowed are laptop, office_pc"),
        (
            {"words": {"life": {"in_use": ["x", "y"], "out_of_use": "Y"}}},
            "words.life: 'Y' stands for in_use and for out_of_use; keep one",
        ),
        (
            {"words": {"role": {"office_pc": "laptop"}}},
            "words.role: 'laptop' stands for laptop and for office_pc; keep one",
        ),
    ],
)  # fmt: skip
def test_a_configuration(tmp_path, config, words):
    made = ledger(tmp_path, "", **config)
    assert mistakes(made)[0] == f"ledger.yml: {words}{PAGE}"


def test_a_file_that_is_not_there(tmp_path):
    made = small(tmp_path, "")
    (tmp_path / "pcs.csv").unlink()
    assert mistakes(made) == [
        f"{tmp_path}/pcs.csv: it cannot be read (No such file or directory); correct `path`{PAGE}"
    ]


def test_of_other_inventories_nothing_is_said(tmp_path):
    other = tmp_path / "hosts.yml"
    other.write_text("all: {hosts: {nb-1: }}\n", encoding="utf-8")
    assert mistakes_in(other) == []
    other.write_text("- a list\n", encoding="utf-8")
    assert mistakes_in(other) == []


@pytest.mark.parametrize(
    ("column", "name"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA"), (16384, "XFD")]
)
def test_a_column_is_called_as_excel_calls_it(column, name):
    assert letters(column) == name


@pytest.mark.parametrize(
    ("sheet", "place"),
    [
        ("PCs", "PCs!B2"),
        ("台帳_2026", "台帳_2026!B2"),
        ("2026", "'2026'!B2"),
        ("PC list", "'PC list'!B2"),
        ("Sato's", "'Sato''s'!B2"),
        ("", "B2"),
    ],
)
def test_a_cell_is_called_as_excel_calls_it(sheet, place):
    assert Table("pcs.xlsx", sheet, {}).place(2, 2) == f"pcs.xlsx, {place}"


def test_a_configuration_that_is_no_mapping(tmp_path):
    made = small(tmp_path, "")
    made.write_text("- a list\n", encoding="utf-8")
    assert mistakes(made) == [f"ledger.yml: it is no mapping; begin it with `plugin: offsite.endpoints.ledger`{PAGE}"]


def test_a_workbook_in_excel_s_strict_form(tmp_path):
    # Its parts have names of their own, which openpyxl does not know.
    parts = zipfile.ZipFile(io.BytesIO(excel.workbook()))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as files:
        for name in parts.namelist():
            text = re.sub(
                r"http://schemas\.openxmlformats\.org/(spreadsheetml|officeDocument)/2006",
                r"http://purl.oclc.org/ooxml/\1",
                parts.read(name).decode(),
            )
            files.writestr(name, text)
    assert mistakes(small(tmp_path, made.getvalue(), name="pcs")) == [
        f"pcs: no sheet in it can be read; {SAVE_AGAIN}{PAGE}"
    ]


def test_a_file_that_is_too_large(tmp_path, monkeypatch):
    made = small(tmp_path, "host,system,role\nnb-1,windows,laptop\n" + "\n" * 2**20)
    assert len(read_ledger(made)) == 1
    monkeypatch.setattr("plugins.plugin_utils.ledger.ledger.LARGEST_MIB", 1)
    assert mistakes(made) == [f"{tmp_path}/pcs.csv: it has more than 1 MiB, which no ledger has; correct `path`{PAGE}"]


def test_a_long_text_is_cut(tmp_path):
    said = [mistakes(small(tmp_path, f"host,system,role\nnb-1,{'x' * size},laptop\n"))[0] for size in (60, 61)]
    assert f"system is '{'x' * 60}'; allowed" in said[0]
    assert f"system is '{'x' * 60}...'; allowed" in said[1]


def test_an_endless_cell_is_refused(tmp_path):
    said = mistakes(small(tmp_path, HEAD + row(owner=f"a{' ' * 100_000}b"), *COLUMN_NAMES))
    assert len(said) == 1
    assert "has 100,002 characters; at most 4,096 are read" in said[0]


def test_blanks_around_an_end_of_line_become_one_and_all_others_stay():
    assert _one_line(f"a{' ' * 1_000_000}b \t\n c") == f"a{' ' * 1_000_000}b c"
