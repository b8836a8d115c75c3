from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils.values.versions import VersionError, compare_versions, in_range, parse_version

VERSIONS = st.lists(st.integers(0, 99999), min_size=1, max_size=5).map(lambda parts: ".".join(map(str, parts)))


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ("7.0.7.0345", "7.0.7.345", 0),
        ("7.0", "7.0.0.0", 0),
        ("7.4.3.1790", "7.4.3.8758", -1),
        ("7.10.0", "7.9.9", 1),
        ("7.0.7.0345", "7.0.7.0246", 1),
        (" 7.0 ", "7.0", 0),
        ("7.0.1", "7", 1),
    ],
)
def test_versions_are_compared_number_by_number(one, other, order):
    assert compare_versions(one, other) == order


@pytest.mark.parametrize("text", ["", "7.", ".7", "7.4.x", "v7.4", "7.4 beta", "７.4", None, 7.4])
def test_a_text_that_is_no_version_is_refused_and_named(text):
    with pytest.raises(VersionError) as error:
        parse_version(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize(
    ("version", "inside"),
    [("7.2.9", False), ("7.3", True), ("7.3.99", True), ("7.4.0", False), ("7.4", False)],
)
def test_a_range_has_its_lower_bound_and_not_its_upper(version, inside):
    assert in_range(version, at_least="7.3.0", below="7.4") is inside


def test_a_bound_that_is_left_out_does_not_bind():
    assert in_range("99", at_least="7")
    assert not in_range("6", at_least="7")
    assert in_range("0.1", below="7")
    assert not in_range("7", below="7")
    assert in_range("7", at_most="7")
    assert in_range("6.9", at_most="7")
    assert not in_range("7.0.1", at_most="7")


@given(VERSIONS, VERSIONS)
def test_swapping_two_versions_turns_the_answer_round(one, other):
    assert compare_versions(one, other) == -compare_versions(other, one)


@given(VERSIONS)
def test_leading_zeros_never_count(version):
    assert compare_versions(version, ".".join(f"00{part}" for part in version.split("."))) == 0


def test_a_part_of_endless_digits_is_no_version():
    with pytest.raises(VersionError, match="is no version"):
        parse_version(f"7.{'4' * 5000}")
