from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugins.plugin_utils.values.wininet import WininetError, decode, encode

ZEROS = "00" * 32
# The public exports and the made vector of docs/sources/windows.md#proxy-blob-examples, byte for byte.
A = (
    "46000000 51000000 0b000000 0c000000 3132372e302e302e313a3830 07000000 3c6c6f63616c3e 00000000" + ZEROS
)  # SavedLegacySettings
A_VPN = "46000000 02000000 01000000 00000000 00000000 00000000" + ZEROS
A_NETKEEPER = "46000000 312c3030 01000000 00000000 00000000 00000000" + ZEROS
B = (
    "46000000 03000000 07000000 0e000000 3139322e3136382e312e313a3830 00000000 21000000"
    "687474703a2f2f786475 6f7461692e636f6d2f70 52734f334e4752332d2e 706163" + ZEROS
)
C = "46000000 09000000 01000000 00000000 00000000 00000000 01" + "00" * 31
D = "46000000 02000000 09000000" + "00" * 44
PAC_ONLY = (
    "46000000 01000000 05000000 00000000 00000000 1c000000"
    "687474703a2f2f3137322e33312e302e31302f70726f78792e706163" + ZEROS
)
NETWORKING_DSC = "46000000 05000000 01000000 00000000 00000000" + ZEROS  # no PAC field: 52 bytes


def plain(hex_text):
    return hex_text.replace(" ", "")


def fields(counter, flags, proxy="", bypass="", pac_url="", trailer=ZEROS):
    direct, manual, pac, auto_detect = (letter in flags for letter in "dmpa")
    return {
        "version": 70,
        "counter": counter,
        "direct": direct,
        "manual": manual,
        "pac": pac,
        "auto_detect": auto_detect,
        "proxy": proxy,
        "bypass": bypass,
        "pac_url": pac_url,
        "trailer": trailer,
    }


EXAMPLES = [
    (A, 75, fields(81, "dma", "127.0.0.1:80", "<local>")),
    (A_VPN, 56, fields(2, "d")),
    (A_NETKEEPER, 56, fields(0x30302C31, "d")),
    (B, 103, fields(3, "dmp", "192.168.1.1:80", "", "http://xduotai.com/pRsO3NGR3-.pac")),
    (C, 56, fields(9, "d", trailer="01" + "00" * 31)),
    (D, 56, fields(2, "da")),
    (PAC_ONLY, 84, fields(1, "dp", pac_url="http://172.31.0.10/proxy.pac")),
    (NETWORKING_DSC, 52, fields(5, "d", trailer="00" * 28)),
]


@pytest.mark.parametrize(("blob", "size", "expected"), EXAMPLES)
def test_public_examples_are_understood(blob, size, expected):
    assert len(plain(blob)) == 2 * size
    assert decode(blob) == expected


@pytest.mark.parametrize(("blob", "size", "expected"), EXAMPLES)
def test_written_again_an_example_has_the_counter_raised_and_else_the_same_meaning(blob, size, expected):
    again = encode(decode(blob), blob)
    assert decode(again) == expected | {
        "counter": expected["counter"] + 1,
        "trailer": expected["trailer"].ljust(64, "0"),
    }


def test_a_connection_without_settings_gets_the_known_bytes():
    desired = {"auto_detect": False, "manual": False, "pac": True, "pac_url": "http://172.31.0.10/proxy.pac"}
    assert encode(desired, None) == plain(PAC_ONLY)


def test_the_service_s_settings_have_these_bytes():
    desired = {"pac": True, "pac_url": "http://proxy.imr.tohoku.ac.jp/proxy.pac", "auto_detect": False}
    assert encode(desired, None) == plain(
        "46000000 01000000 05000000 00000000 00000000 27000000"
        "687474703a2f2f70726f78792e696d722e746f686f6b752e61632e6a702f70726f78792e706163" + ZEROS
    )


def test_what_is_not_given_stays_as_it_is():
    blob = encode({"pac": True, "pac_url": "http://p/p.pac", "auto_detect": False}, A)
    assert decode(blob) == fields(82, "dmp", "127.0.0.1:80", "<local>", "http://p/p.pac")


def test_the_trailer_is_kept():
    assert encode({"manual": True, "proxy": "p:8080"}, C) == plain(
        "46000000 0a000000 03000000 06000000 703a38303830 00000000 00000000 01" + "00" * 31
    )


def test_a_short_trailer_is_filled_with_zeros():
    assert encode({}, NETWORKING_DSC) == plain("46000000 06000000 01000000" + "00" * 44)


def test_a_trailer_keeps_its_place_when_it_is_filled():
    assert encode({}, "46000000 01000000 01000000 00000000 00000000 00000000 0102") == plain(
        "46000000 02000000 01000000 00000000 00000000 00000000 0102" + "00" * 30
    )


@pytest.mark.parametrize(
    ("end", "pac_url", "trailer"),
    [
        ("", "", ""),
        ("aabbcc", "", "aabbcc"),
        ("00000000", "", ""),
        ("02000000 6869", "hi", ""),
        ("02000000 6869 aa", "hi", "aa"),
    ],
)
def test_a_pac_url_may_be_left_out_at_the_end(end, pac_url, trailer):
    blob = f"46000000 07000000 01000000 00000000 00000000 {end}"
    assert decode(blob) == fields(7, "d", pac_url=pac_url, trailer=trailer)


def test_the_counter_wraps():
    assert encode({}, "46000000 ffffffff 01000000" + "00" * 44) == plain("46000000 00000000 01000000" + "00" * 44)


def test_direct_and_version_are_set_whatever_was_there_or_is_reported():
    internet_explorer_6 = "3c000000 04000000 02000000" + "00" * 40
    blob = encode({"direct": False, "version": 1, "counter": 77, "trailer": "ff" * 32}, internet_explorer_6)
    assert blob == plain("46000000 05000000 03000000" + "00" * 44)


def test_unexplained_flags_stay():
    assert encode({}, "46000000 01000000 10000000" + "00" * 44) == plain("46000000 02000000 11000000" + "00" * 44)


@pytest.mark.parametrize("previous", ["", "46", "zz", "46000000 01000000 05000000 ff000000"])
def test_an_unreadable_value_is_written_anew(previous):
    assert encode({}, previous) == plain("46000000 01000000 01000000" + "00" * 44)


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        ("", "the value has 0 bytes; proxy settings begin with 12 bytes of header"),
        ("4600000001000000050000", "the value has 11 bytes; proxy settings begin with 12 bytes of header"),
        ("460000000100000005000000", "the value ends at byte 12, before the length of proxy"),
        ("46000000010000000500000000000000000000", "the value ends at byte 19, before the length of bypass"),
        (
            "460000000100000005000000ffffffff6162",
            "proxy has a length of 4294967295 bytes at byte 12; only 2 follow",
        ),
        (
            "46000000010000000500000000000000000000000300000061",
            "pac_url has a length of 3 bytes at byte 20; only 1 follow",
        ),
    ],
)
def test_a_value_that_is_cut_short_is_refused(blob, message):
    with pytest.raises(WininetError) as caught:
        decode(blob)
    assert str(caught.value) == message


@pytest.mark.parametrize("blob", ["0", "xy", None, 5])
def test_what_is_not_hex_is_refused(blob):
    with pytest.raises(WininetError, match="is not hex text"):
        decode(blob)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"pac": 1}, "pac is 1; it must be true or false"),
        ({"proxy": None}, "proxy is None; it must be a text"),
        (
            {"pacurl": "x"},
            "there is no field 'pacurl' in proxy settings; fields are version, counter, direct, manual, pac, "
            "auto_detect, proxy, bypass, pac_url, trailer",
        ),
        (
            {"pac_url": "http://プロキシ/"},
            "pac_url is 'http://プロキシ/'; WinINet keeps one byte a character, so use ASCII",
        ),
    ],
)
def test_fields_that_cannot_be_written_are_refused(wrong, message):
    with pytest.raises(WininetError) as caught:
        encode(wrong, None)
    assert str(caught.value) == message


@given(st.binary(max_size=200))
@example(b"\x46" + bytes(55))
@example(b"\xff" * 64)
def test_the_decoder_survives_any_bytes(data):
    try:
        decoded = decode(data.hex())
    except WininetError:
        return
    assert len(decoded["proxy"]) + len(decoded["bypass"]) + len(decoded["pac_url"]) <= len(data)


@given(st.text())
def test_the_decoder_survives_any_text(text):
    try:
        decode(text)
    except WininetError:
        return


LATIN = st.text(alphabet=st.characters(max_codepoint=255), max_size=40)


@given(
    st.fixed_dictionaries(
        {
            "manual": st.booleans(),
            "pac": st.booleans(),
            "auto_detect": st.booleans(),
            "proxy": LATIN,
            "bypass": LATIN,
            "pac_url": LATIN,
        }
    ),
    st.none() | st.binary(max_size=120).map(bytes.hex),
)
def test_what_is_written_is_read_back(desired, previous):
    decoded = decode(encode(desired, previous))
    assert {name: decoded[name] for name in desired} == desired
    assert (decoded["version"], decoded["direct"]) == (70, True)
    assert len(decoded["trailer"]) >= 64
