"""Absolute Mac paths become paths in the machine's tree, and back."""

from __future__ import annotations

import pytest

from lab.macos.paths import OutputFilter, Paths

ROOT = "/srv/lab/mac-01.root"
PATHS = Paths(ROOT, {"root": "/var/root", "taro": "/Users/taro"}, shared=("/opt/python/lib",))


@pytest.mark.parametrize(
    ("text", "real"),
    [
        ("cat /etc/hosts", f"cat {ROOT}/etc/hosts"),
        ("cat '/Library/Application Support/x y'", f"cat '{ROOT}/Library/Application Support/x y'"),
        (r"cat /Library/Application\ Support/x", rf"cat {ROOT}/Library/Application\ Support/x"),
        (
            "/bin/sh -c 'cat '\"'\"'/Users/a b'\"'\"' && sleep 0'",
            f"{ROOT}/bin/sh -c 'cat '\"'\"'{ROOT}/Users/a b'\"'\"' && sleep 0'",
        ),
        (
            "x=/tmp/a:/usr/bin >/private/tmp/y;ls /Users",
            f"x={ROOT}/tmp/a:{ROOT}/usr/bin >{ROOT}/private/tmp/y;ls {ROOT}/Users",
        ),
        ("echo ~taro && echo ~root/x", f"echo {ROOT}/Users/taro && echo {ROOT}/var/root/x"),
        ("cd / && ls", f"cd {ROOT}/ && ls"),
        ("stat -f %Su /dev/console", f"stat -f %Su {ROOT}/dev/console"),
        ("cat /proc/cpuinfo", f"cat {ROOT}/proc/cpuinfo"),
    ],
)
def test_paths_that_start_a_word_become_real(text: str, real: str) -> None:
    assert PATHS.text_to_real(text) == real


@pytest.mark.parametrize(
    "text",
    [
        'ls "$HOME"/Library',
        "ls $HOME/Library ~/Library",
        "networksetup -setautoproxyurl Wi-Fi http://proxy.example/etc/proxy.pac",
        "sed s/etc/var/",
        "date > /dev/null",
        "echo '~taro' a/b/Users",
        "expr 6 / 2",
        f"cat {ROOT}/etc/hosts",
    ],
)
def test_other_slashes_and_tildes_stay(text: str) -> None:
    assert PATHS.text_to_real(text) == text


def test_real_paths_become_virtual_again() -> None:
    text = "cp '/Library/a b' /tmp/x"
    assert PATHS.text_to_virtual(PATHS.text_to_real(text)) == text
    assert PATHS.virtual(f"{ROOT}/Users/taro") == "/Users/taro"
    assert PATHS.virtual(ROOT) == "/"
    assert PATHS.virtual("/elsewhere") == "/elsewhere"


def test_pythons_own_library_and_devices_are_shared() -> None:
    assert PATHS.real("/opt/python/lib/os.py") == "/opt/python/lib/os.py"
    assert PATHS.real("/opt/python/library") == f"{ROOT}/opt/python/library"
    assert PATHS.real("/dev/null") == "/dev/null"
    assert PATHS.real("relative") == "relative"


def test_a_root_that_a_shell_could_misread_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'/srv/my lab/x.root' can't be used .* choose another with --state-dir"):
        Paths("/srv/my lab/x.root", {})


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_output_is_cleaned_whatever_the_chunks(size: int) -> None:
    data = f"a {ROOT}/etc b /srv/lab/mac-02.root c {ROOT}".encode()
    out = OutputFilter(ROOT)
    pieces = [out.feed(data[at : at + size]) for at in range(0, len(data), size)]
    assert b"".join([*pieces, out.finish()]) == b"a /etc b /srv/lab/mac-02.root c /"
