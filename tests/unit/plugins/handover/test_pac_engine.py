"""The engine that a PAC runs in, and its process: nothing of the controller's is there.

Most is asked of the engine in this process, which is not confined; so a fault in it is noticed at its own line.
"""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plugins.plugin_utils.handover import pac, pac_engine
from plugins.plugin_utils.handover.pac_engine import Browser, RefusedError

ENGINE = Path(pac.__file__).with_name("pac_engine.py")
# What a PAC that broke out of the engine would try.
TRIES = {
    "open a file": "open('/etc/passwd')",
    "start a program": "__import__('subprocess').run(['true'])",
    "connect": "__import__('socket').socket()",
    "take all memory": "bytearray(2 * 1024 ** 3)",
}


@pytest.mark.parametrize("code", TRIES.values(), ids=TRIES)
def test_what_breaks_out_of_the_engine_can_do_nothing(code):
    script = (
        "import runpy, subprocess, socket\n"
        f"m = runpy.run_path({str(ENGINE)!r}, run_name='engine')\n"
        f"m['confine']()\n"
        f"try:\n    {code}\n"
        f"except (OSError, MemoryError) as error:\n    print('refused', type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False, env={})
    assert done.stdout.startswith("refused "), done.stderr


def test_the_engine_gets_no_environment_and_no_folder(monkeypatch):
    seen: dict[str, Any] = {}
    real = subprocess.Popen

    def popen(*arguments: Any, **options: Any) -> Any:
        seen.update(options)
        return real(*arguments, **options)

    monkeypatch.setattr(pac.subprocess, "Popen", popen)
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", "/secret")
    pac_text = "function FindProxyForURL(url, host) { return 'DIRECT'; }"
    (answer,) = pac.answers(pac_text, [{"url": "http://example.org/", "expected": "DIRECT"}], {}, "127.0.0.1")
    assert answer.right
    assert (seen["env"].keys() - {"TZ"}, seen["cwd"]) == (set(), "/")


@pytest.fixture
def unconfined(monkeypatch):
    monkeypatch.setattr(pac_engine, "confine", lambda: None)


def question(text: str, **more: Any) -> dict[str, Any]:
    return {
        "pac": text,
        "seconds": 1,
        "addresses": {"a.example": ["192.0.2.7"]},
        "client_addresses": ["10.1.2.3"],
        **more,
    }


def said(text: str, url: str = "http://x.example/", host: str = "x.example") -> dict[str, Any]:
    return Browser(question(text)).ask(url, host)


FINDS = "function FindProxyForURL(url, host) { %s }"


@pytest.mark.usefixtures("unconfined")
@pytest.mark.parametrize(
    ("body", "got"),
    [
        ("return url + ' ' + host", {"text": "http://x.example/ x.example"}),
        ("return dnsResolve('a.example')", {"text": "192.0.2.7"}),
        ("return myIpAddress()", {"text": "10.1.2.3"}),
        ("return 5", {"error": "no text: 5"}),
        ("", {"error": "no text: None"}),
        ("return 'PROXY \u30b5'", {"error": "not all of it is ASCII: PROXY \u30b5"}),
        ("throw new Error('too late')", {"error": "FindProxyForURL fails: Error: too late, in line 1"}),
        ("\n\n  return nowhere.to.be.found", "in line 3"),
        ("while (true) {}", {"error": "FindProxyForURL fails: it ran longer than 1 seconds"}),
        ("var a = []; while (true) a.push(new Array(1e6).fill(7))", "out of memory"),
        ("return isInNet(host)", {"error": "no text: False"}),
    ],
)
def test_what_a_function_says(body, got):
    answer = said(FINDS % body)
    assert answer["ex"] is None
    if isinstance(got, dict):
        assert answer["got"] == got
    else:
        assert got in answer["got"].get("error", answer["got"].get("text"))


@pytest.mark.usefixtures("unconfined")
def test_windows_own_function_is_asked_as_well_where_there_is_one():
    answer = said(FINDS % "return 'DIRECT'" + "function FindProxyForURLEx(url, host) { return 'PROXY ' + host + ':1' }")
    assert answer == {"got": {"text": "DIRECT"}, "ex": {"text": "PROXY x.example:1"}, "unknown": []}


@pytest.mark.usefixtures("unconfined")
def test_names_that_are_not_known_are_those_of_one_question():
    browser = Browser(question(FINDS % "dnsResolve(host); dnsResolve('b.example'); return 'DIRECT'"))
    assert browser.ask("http://a.example/", "a.example")["unknown"] == ["b.example"]
    assert browser.ask("http://c.example/", "c.example")["unknown"] == ["c.example", "b.example"]
    assert browser.ask("http://a.example/", "a.example")["unknown"] == ["b.example"]


@pytest.mark.usefixtures("unconfined")
def test_a_pac_that_spoils_what_notes_the_names_has_its_answer_all_the_same():
    spoils = "Object.keys = function () { throw new Error('no') };" + FINDS % "return 'DIRECT'"
    assert said(spoils) == {"got": {"text": "DIRECT"}, "ex": None, "unknown": []}


@pytest.mark.usefixtures("unconfined")
def test_a_pac_cannot_put_another_function_in_the_place_of_the_engine_s():
    assert said("__find = function () { return 'PROXY evil:1' };" + FINDS % "return 'DIRECT'")["got"] == {
        "text": "DIRECT"
    }


@pytest.mark.usefixtures("unconfined")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the PAC has no function FindProxyForURL; is it a PAC at all, or a page that says so?"),
        ("const FindProxyForURL = () => 'DIRECT';", "the PAC has no function FindProxyForURL"),
        ("var FindProxyForURL = 'DIRECT';", "the PAC has no function FindProxyForURL"),
        ("function FindProxyForURLEx() {}", "the PAC has no function FindProxyForURL;"),
        ("<html>", "the PAC is refused by the JavaScript engine: SyntaxError: "),
        ("\nthrow new Error('x')", "the PAC is refused by the JavaScript engine: Error: x, in line 2"),
    ],
)
def test_what_is_no_pac_is_refused(text, words):
    with pytest.raises(RefusedError) as refused:
        Browser(question(text))
    assert str(refused.value).startswith(words)


def test_without_the_engine_s_package_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "quickjs", None)
    with pytest.raises(RefusedError, match=r"^the package quickjs-ng is not installed .*: pip install quickjs-ng$"):
        Browser(question(FINDS % "return 'DIRECT'"))


@pytest.mark.usefixtures("unconfined")
def test_each_answer_is_a_line_as_soon_as_it_is_known(monkeypatch, capsys):
    urls = [["http://a.example/", "a.example"], ["http://b.example/", "b.example"]]
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(question(FINDS % "return host", urls=urls))))
    pac_engine._main()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] is True
    assert [line["got"] for line in lines[1:]] == [{"text": "a.example"}, {"text": "b.example"}]


@pytest.mark.usefixtures("unconfined")
def test_what_is_refused_is_the_only_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(question("nothing", urls=[["http://a/", "a"]]))))
    pac_engine._main()
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize("already", [None, 7])
def test_the_limits_of_the_process_are_those_and_never_more_than_there_were(already):
    """In a process split off from this one, since what is taken does not come back."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        if already is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (already, already))
        pac_engine.confine()
        names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE")
        os.write(writing, json.dumps([resource.getrlimit(getattr(resource, name)) for name in names]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    limits = json.loads(os.read(reading, 1000))
    seconds = 120 if already is None else already
    assert limits == [[one, one] for one in (1024**3, seconds, 0, 0, 0)]
    os.close(reading)
    os.close(writing)
