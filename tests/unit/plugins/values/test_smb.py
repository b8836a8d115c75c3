"""What Windows does about SMB by itself, and which entries of its registry are folders that it shares."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.values.smb import ShareError, guests_by_default, shared_folder, signing_by_default

FOLDER = [
    "CATimeout=0",
    "CSCFlags=0",
    "MaxUses=4294967295",
    r"Path=D:\計測 データ",
    "Permissions=0",
    "Remark=a=b",
    "Type=0",
]


@pytest.mark.parametrize(
    ("edition", "build", "signs", "guests"),
    [
        ("Professional", 19045, False, True),
        ("Professional", 22631, False, True),
        ("Professional", 26100, True, False),
        ("ProfessionalWorkstation", 26200, True, False),
        ("Education", 19045, False, False),
        ("EnterpriseS", 19044, False, False),
        ("Enterprise", 26300, True, False),
        ("Core", 19045, False, True),
        ("CoreSingleLanguage", 26100, None, None),
        ("SomethingNew", 28000, None, None),
    ],
)
def test_what_a_release_and_edition_do_by_themselves(edition, build, signs, guests):
    assert (signing_by_default(edition, build), guests_by_default(edition, build)) == (signs, guests)


@pytest.mark.parametrize(
    ("name", "entry", "path"),
    [
        ("data", FOLDER, r"D:\計測 データ"),
        ("data$", FOLDER, r"D:\計測 データ"),
        ("short", ["Type=0", "Path=C:\\x"], "C:\\x"),
        ("Brother", ["Path=Brother HL,LocalsplOnly", "Type=1"], None),
        ("print$", [r"Path=C:\Windows\system32\spool\drivers", "Type=0"], None),
        ("C$", [], None),
        ("ADMIN$", "", None),
    ],
)
def test_a_folder_that_somebody_shared_counts_and_nothing_else(name, entry, path):
    assert shared_folder(name, entry) == path


@pytest.mark.parametrize("entry", ["C:\\data", 7, None, [], ["Path=C:\\data"], ["Type=0"], [1, 2]])
def test_an_entry_of_another_form_is_none_to_guess_at(entry):
    with pytest.raises(ShareError, match="the share data has no Path and Type"):
        shared_folder("data", entry)


def test_a_folder_s_name_may_have_an_equals_sign_in_it():
    assert shared_folder("data", [r"Path=D:\a=b", "Type=0"]) == r"D:\a=b"
