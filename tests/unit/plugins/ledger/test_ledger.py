"""A ledger as departments keep them becomes machines: workbooks, encodings, separators, titles, notes, merged cells."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from plugins.plugin_utils.ledger.machines import Machine
from tests.samples.ledger import excel, files
from tests.samples.ledger.files import ledger, read, small

LIBREOFFICE = Path(files.__file__).parent / "libreoffice.xlsx"
NAS = {"name": "no-tera", "address": "192.0.2.4"}
SUZUKI = {"endpoint_owner": "鈴木　一郎"}
# The same of both workbooks: a title, a blank row, full-width characters, an owner merged over rows of which one is
# blank and one hidden, results of formulas, a number for a name, a date and a comment that nobody asks for, a hidden
# sheet.
MACHINES = [
    Machine(
        "NB-0101",
        4,
        ["windows", "laptops"],
        SUZUKI
        | {
            "user_page_person": "山田 花子",
            "user_page_office_pc": {"name": "pc-0201", "address": "192.0.2.21"},
            "user_page_nas": [NAS | {"share": "data"}],
        },
    ),
    Machine(
        "nb-0102",
        5,
        ["windows", "laptops"],
        SUZUKI
        | {
            "user_page_person": "佐藤 次郎",
            "forticlient_install_client": "store",
            "user_page_office_pc": {"name": "pc-0203", "address": "192.0.2.23"},
        },
    ),
    Machine(
        "103",
        7,
        ["macs", "laptops"],
        SUZUKI | {"user_page_person": "高橋", "user_page_nas": [NAS, {"name": "no-giga", "address": "192.0.2.5"}]},
    ),
    Machine("pc-0201", 8, ["windows", "office_pcs"], {"ansible_host": "192.0.2.21"}),
    Machine("nb-0099", 9, ["out_of_use"], {}),
]
CSV = """PC 台帳,,,,
ホスト名,OS,用途,管理担当,備考
nb-0101,Windows 11,ノートPC,鈴木,
,,,,
mb-0301,macOS 15,ノートPC,,"予備, 箱入り"
"""
COLUMNS = {"host": "ホスト名", "system": "OS", "role": "用途", "owner": "管理担当"}
OF_CSV = [
    Machine("nb-0101", 3, ["windows", "laptops"], {"endpoint_owner": "鈴木"}),
    Machine("mb-0301", 5, ["macs", "laptops"], {}),
]


@pytest.mark.parametrize("by", ["Excel", "LibreOffice"])
def test_a_workbook(tmp_path, by):
    content = excel.workbook() if by == "Excel" else LIBREOFFICE.read_bytes()
    assert read(ledger(tmp_path, content, "pcs.xlsx")) == MACHINES


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_text_of_any_encoding_and_separator(tmp_path, encoding, separator, end):
    text = CSV.replace('"予備, 箱入り"', "予備").replace(",", separator).replace("\n", end)
    assert read(ledger(tmp_path, text.encode(encoding), columns=COLUMNS)) == OF_CSV


def test_a_named_encoding_counts_more_than_what_it_looks_like(tmp_path):
    # Both bytes are half-width katakana in Shift_JIS, and a letter with an accent in UTF-8.
    text = b"host,system,role,owner\nnb-1,windows,laptop,\xc3\xa9\n"
    assert read(small(tmp_path, text, "owner"))[0].variables == {"endpoint_owner": "é"}
    assert read(small(tmp_path, text, "owner", encoding="cp932"))[0].variables == {"endpoint_owner": "ﾃｩ"}


def test_a_separator_within_quotation_marks_separates_nothing(tmp_path):
    assert read(ledger(tmp_path, CSV, columns=COLUMNS)) == OF_CSV


def test_excel_s_own_line_about_the_separator_is_a_title(tmp_path):
    assert [one.name for one in read(small(tmp_path, "sep=;\nhost;system;role\nnb-1;windows;laptop\n"))] == ["nb-1"]


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ("ホスト名", True),
        ("ﾎｽﾄ名", True),
        ("HOST", True),
        (" ホスト\n名 ", True),
        ("ｈｏｓｔ", True),
        ("ホスト", False),
    ],
)
def test_a_header_may_be_spelt_in_other_ways(tmp_path, header, known):
    made = ledger(
        tmp_path,
        f'"{header}",OS,用途\nnb-1,Windows,ノートPC\n',
        columns={"host": ["ホスト名", "host"], "system": "OS", "role": "用途"},
    )
    if known:
        assert [one.name for one in read(made)] == ["nb-1"]
    else:
        assert files.mistakes(made) == [
            "pcs.csv, row 1 to 50: no header of columns.host ('ホスト名', 'host') stands there; correct columns.host, "
            "or the header, or the encoding if the file is text; see docs/ledger.md"
        ]


def test_notes_blank_rows_and_repeated_headers_are_no_machines(tmp_path):
    text = (
        "host,system,role,owner,remarks\n"
        "nb-1,windows,laptop,,\n"
        "※ checked in April,,,,\n"
        ",,,,a remark alone\n"
        "host,system,role,owner,remarks\n"
        "#nb-3 is on order,,,,\n"
        "nb-2,macos,laptop,,\n"
    )
    assert [(one.name, one.row) for one in read(small(tmp_path, text, "owner"))] == [("nb-1", 2), ("nb-2", 7)]


def test_a_machine_may_be_both_and_a_word_may_be_the_value_itself(tmp_path):
    text = (
        "host,system,role\nnb-1,Windows,Laptop／Office PC\nnb-2,WINDOWS,office_pc\nnb-3,macOS,ｌａｐｔｏｐ、office-pc\n"
    )
    assert [one.groups for one in read(small(tmp_path, text))] == [
        ["windows", "laptops", "office_pcs"],
        ["windows", "office_pcs"],
        ["macs", "laptops", "office_pcs"],
    ]


def test_of_words_that_are_beginnings_the_longest_counts(tmp_path):
    words = {"system": {"windows": ["W*"], "macos": ["Workstation*", "WM"]}}
    made = ledger(
        tmp_path,
        "host,system,role\na,W11,laptop\nb,Workstation 2,laptop\nc,wm,laptop\nd,WM2,laptop\n",
        columns=files.SMALL,
        words=words,
    )
    assert [one.groups[0] for one in read(made)] == ["windows", "macs", "macs", "windows"]


def test_every_column_becomes_the_variable_that_a_role_reads(tmp_path):
    columns = ["address", "client", "owner", "person", "user_name", "language", "office_pc", "nas", "remote_users"]
    text = (
        f"host,system,role,{','.join(columns)}\n"
        "nb-1,windows,laptop,１９２．０．２．１,Store, 鈴木　(室長) ,  山田\t花子,ｙａｍａｄａ,both,pc-9 (192.0.2.9),"
        '"no-tera 192.0.2.4 data/2026、NO-GIGA (2001:db8::5)","taro; OFFICE\\hanako"\n'
    )
    (made,) = read(small(tmp_path, text, *columns))
    assert made.variables == {
        "ansible_host": "192.0.2.1",
        "forticlient_install_client": "store",
        # Names stay as they are, but for what stands around them.
        "endpoint_owner": "鈴木　(室長)",
        "user_page_person": "山田 花子",
        "user_page_user_name": "yamada",
        "user_page_language": "both",
        "user_page_office_pc": {"name": "pc-9", "address": "192.0.2.9"},
        "user_page_nas": [
            {"name": "no-tera", "address": "192.0.2.4", "share": "data/2026"},
            {"name": "NO-GIGA", "address": "2001:db8::5"},
        ],
        "rdp_enable_users": ["taro", "OFFICE\\hanako"],
    }


def test_an_address_may_be_a_name_of_the_dns(tmp_path):
    text = "host,system,role,address\nnb-1,windows,laptop,ｎｂ－１.example.org\n"
    assert read(small(tmp_path, text, "address"))[0].variables == {"ansible_host": "nb-1.example.org"}


def test_an_office_pc_is_found_by_its_short_name(tmp_path):
    text = (
        "host,system,role,address,office_pc\nnb-1,windows,laptop,,PC-9\npc-9.example.org,windows,office_pc,192.0.2.9,\n"
    )
    assert read(small(tmp_path, text, "address", "office_pc"))[0].variables == {
        "user_page_office_pc": {"name": "PC-9", "address": "192.0.2.9"}
    }


def test_what_is_out_of_use_needs_a_name_alone_and_leaves_it_to_its_successor(tmp_path):
    text = (
        "host,system,role,life,owner\n"
        "nb-1,,,out of use,\n"
        "nb-1,windows,laptop,,\n"
        "nb-2,Linux,?,OUT_OF_USE,\x07\n"
        "nb-2,,,out_of_use,\n"
    )
    assert [(one.name, one.row, one.groups) for one in read(small(tmp_path, text, "life", "owner"))] == [
        ("nb-1", 3, ["windows", "laptops"]),
        ("nb-2", 4, ["out_of_use"]),
        ("nb-2", 5, ["out_of_use"]),
    ]


def test_a_stray_cell_at_the_end_of_a_sheet_costs_nothing(tmp_path):
    far = (
        '</row>\n<row r="1048576" spans="1:11" x14ac:dyDescent="0.4"><c r="XFD1048576"><v>1</v></c></row>\n</sheetData>'
    )
    content = excel.workbook(("</row>\n</sheetData>", far))
    assert read(ledger(tmp_path, content, "pcs.xlsx")) == MACHINES


def test_the_headers_may_be_merged_over_two_rows(tmp_path):
    content = excel.workbook(
        ('<mergeCell ref="G4:G7"/>', '<mergeCell ref="G4:G7"/><mergeCell ref="A2:A3"/>'),
        ('<row r="3" spans="1:11" x14ac:dyDescent="0.4">\n<c r="A3" t="s"><v>1</v></c>',
         '<row r="2"><c r="A2" t="s"><v>1</v></c></row><row r="3" spans="1:11" x14ac:dyDescent="0.4">'),
    )  # fmt: skip
    assert read(ledger(tmp_path, content, "pcs.xlsx")) == MACHINES


def test_a_text_needs_no_package_for_workbooks(tmp_path):
    made = ledger(tmp_path, CSV, columns=COLUMNS)
    script = (
        "import sys; sys.modules['openpyxl'] = None\n"
        "from pathlib import Path; from plugins.plugin_utils.ledger.ledger import mistakes_in, read_ledger\n"
        f"print(len(read_ledger(Path({str(made)!r}))))\n"
        f"Path({str(made.with_name('pcs.csv'))!r}).write_bytes(Path({str(LIBREOFFICE)!r}).read_bytes())\n"
        f"print(mistakes_in(Path({str(made)!r})))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "2",
        "[\"pcs.csv: a workbook is read by the package openpyxl, which Ansible's Python does not have: pip install "
        "openpyxl, or save the file as 'CSV UTF-8'; see docs/ledger.md\"]",
    ]


def test_a_byte_order_mark_before_a_quoted_header(tmp_path):
    text = '"host","system","role"\n"nb-1","windows","laptop"\n'
    assert [one.name for one in read(small(tmp_path, text.encode("utf-8-sig")))] == ["nb-1"]


def test_a_merged_cell_makes_no_machine_of_a_row_that_is_blank_otherwise(tmp_path):
    content = excel.workbook(
        ('<c r="G6" s="2"/>', '<c r="G6" s="2"/><c r="K6" s="1"><v>46113</v></c>'),
        # And one that merges nothing with nothing.
        ('<mergeCell ref="G4:G7"/>', '<mergeCell ref="G4:G7"/><mergeCell ref="A6:B6"/><mergeCell ref="A12:A14"/>'),
    )
    assert read(ledger(tmp_path, content, "pcs.xlsx")) == MACHINES


def test_numbers_and_escapes_of_a_workbook_are_the_texts_that_people_see(tmp_path):
    content = excel.workbook(
        ('<c r="A7"><v>103</v></c>', '<c r="A7"><v>103.0</v></c>'),
        (
            '<c r="H5" t="str"><f>"佐藤"&amp;" 次郎"</f><v>佐藤 次郎</v></c>',
            '<c r="H5" t="inlineStr"><is><t>佐藤_x000D_次郎</t></is></c>',
        ),
    )
    assert read(ledger(tmp_path, content, "pcs.xlsx")) == MACHINES


def test_characters_without_a_width_and_line_ends_of_a_mac_are_no_part_of_a_text(tmp_path):
    text = 'host,system,role,nas\n"nb\u200b-1\u2060",windows,laptop,"a 192.0.2.4\rb 192.0.2.5"\n'
    (made,) = read(small(tmp_path, text, "nas"))
    assert made.name == "nb-1"
    assert [one["name"] for one in made.variables["user_page_nas"]] == ["a", "b"]
