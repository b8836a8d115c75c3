from __future__ import annotations

import json

import pytest

from plugins.plugin_utils.handover import pac as handover_pac
from plugins.plugin_utils.handover.pac import Answer, PacError, answers, table
from plugins.plugin_utils.handover.pac_url import as_shown
from tests.samples.pac import ADDRESSES, CLOCK, DIFFERENT, EXPRESSIONS, NEVER_ASKED, SAID, URLS, ZONE

PAC = """
function FindProxyForURL(url, host) {
  if (isPlainHostName(host) || isInNet(host, "192.0.2.0", "255.255.255.0")) return "DIRECT";
  if (dnsDomainIs(host, ".example.ac.jp")) return "PROXY proxy.example.org:8080; DIRECT";
  return "DIRECT";
}
"""


def one(pac: str, url: str = "http://www.example.org/", expected: str = "DIRECT", **known) -> Answer:
    (answer,) = answers(
        pac,
        [{"url": url, "expected": expected}],
        known.get("addresses", {}),
        known.get("client_address", "127.0.0.1"),
    )
    return answer


def value(expression: str, **known) -> str:
    return one(f"function FindProxyForURL(url, host) {{ return '' + ({expression}); }}", **known).got


@pytest.mark.parametrize(
    ("url", "expected", "got", "right"),
    [
        ("http://192.0.2.4/", "DIRECT", "DIRECT", True),
        ("http://printer/", "DIRECT", "DIRECT", True),
        ("https://www.example.ac.jp/a", "PROXY proxy.example.org:8080", "PROXY proxy.example.org:8080; DIRECT", True),
        ("https://WWW.Example.ac.jp/", "proxy PROXY.example.org:8080", "PROXY proxy.example.org:8080; DIRECT", True),
        (
            "https://www.example.ac.jp/",
            "PROXY proxy.example.org:8080;DIRECT",
            "PROXY proxy.example.org:8080; DIRECT",
            True,
        ),
        ("https://www.example.ac.jp/", "DIRECT", "PROXY proxy.example.org:8080; DIRECT", False),
        ("https://www.example.ac.jp/", "PROXY proxy.example.org:80", "PROXY proxy.example.org:8080; DIRECT", False),
        ("http://192.0.2.4/", "DIRECT; PROXY p:1", "DIRECT", False),
    ],
)
def test_the_way_that_is_tried_first_has_to_be_the_expected_one(url, expected, got, right):
    answer = one(PAC, url, expected)
    assert (answer.url, answer.expected, answer.got, answer.right) == (url, expected, got, right)


@pytest.mark.parametrize(
    ("expected", "got", "right"),
    [
        ("PROXY p:80", "PROXY p", True),
        ("HTTP p", "PROXY p:80", True),
        ("HTTPS p", "HTTPS p:443", True),
        ("SOCKS5 p:1080", "SOCKS5 p", True),
        ("PROXY [2001:db8::1]:80", "PROXY [2001:db8::1]", True),
        ("PROXY p:8080", "PROXY p", False),
    ],
)
def test_a_port_that_is_left_out_is_the_keyword_s_own(expected, got, right):
    assert one(f"function FindProxyForURL() {{ return '{got}'; }}", expected=expected).right is right


def test_the_functions_of_a_pac_answer_as_chromium_s_do(monkeypatch):
    monkeypatch.setenv("TZ", ZONE)
    asked = list(EXPRESSIONS)
    pac = (
        f"{CLOCK}{SAID}var asked = {json.dumps(asked)};"
        "function FindProxyForURL(url, host) { return said(asked[+url.split('/')[3]]); }"
    )
    routes = [{"url": f"http://www.example.org/{number}", "expected": "DIRECT"} for number in range(len(asked))]
    found = answers(pac, routes, ADDRESSES, "192.0.2.77")
    assert dict(zip(asked, [one.got for one in found], strict=True)) == EXPRESSIONS | DIFFERENT


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # What a browser asks the network is asked of the table, in any spelling of a name.
        ("dnsResolve('NAS.example.org.')", "192.0.2.9"),
        ("dnsResolveEx('both.example.org')", "2001:db8::9;192.0.2.10"),
        ("dnsResolve('both.example.org')", "192.0.2.10"),
        ("myIpAddress()", "192.0.2.77"),
        ("myIpAddressEx()", "192.0.2.77;2001:db8::7"),
        ("alert('x')", "undefined"),
        ("typeof FindProxyForURLEx", "undefined"),
    ],
)
def test_what_depends_on_the_network_comes_from_the_table(expression, expected):
    known = {"nas.example.org": "192.0.2.9", "Both.example.org.": "2001:DB8:0::9; 192.0.2.10"}
    assert value(expression, addresses=known, client_address="192.0.2.77;2001:db8::7") == expected


@pytest.mark.parametrize(("url", "shown"), URLS.items())
def test_a_pac_is_told_of_a_url_as_by_chromium(url, shown):
    assert as_shown(url) == shown


def test_a_pac_is_called_with_that_url_and_that_host():
    echo = "function FindProxyForURL(url, host) { return url + ' ' + host; }"
    assert one(echo, "https://u:p@WWW.example.org:8443/a?b#c").got == "https://www.example.org:8443/ www.example.org"
    assert one(echo, "http://[2001:db8::1]/a?b").got == "http://[2001:db8::1]/a?b 2001:db8::1"


@pytest.mark.parametrize("url", NEVER_ASKED)
def test_a_browser_goes_to_this_machine_and_its_link_without_asking(url):
    answer = one("function FindProxyForURL() { return 'PROXY p:1'; }", url)
    assert (answer.got, answer.right) == ("DIRECT", True)


def test_names_that_could_not_be_resolved_are_reported_once():
    pac = "function FindProxyForURL(url, host) { isInNet(host, '1.2.3.0', '255.255.255.0'); return 'DIRECT'; }"
    answer = one(pac, "http://nas.example.org/")
    assert answer.unknown == ("nas.example.org",)
    assert table([answer, answer]) == (
        "    URL                      EXPECTED  GOT\n"
        "ok  http://nas.example.org/  DIRECT    DIRECT\n"
        "ok  http://nas.example.org/  DIRECT    DIRECT\n"
        "Names that the PAC wanted resolved and that have no address in the table: nas.example.org"
    )


def test_the_table_tells_right_from_wrong():
    pac = "function FindProxyForURL() { dnsResolve('b.example'); dnsResolve('a.example'); return 'DIRECT'; }"
    answer = one(pac, "http://a.example/x", expected="PROXY p:80")
    assert table([answer], ["it is old"]) == (
        "       URL                 EXPECTED    GOT\n"
        "WRONG  http://a.example/x  PROXY p:80  DIRECT\n"
        "Names that the PAC wanted resolved and that have no address in the table: a.example, b.example\n"
        "Note: it is old."
    )


@pytest.mark.parametrize("body", ["return null;", "return 5;", "", "return {};"])
def test_an_answer_that_is_no_text_is_wrong(body):
    answer = one(f"function FindProxyForURL(url, host) {{ {body} }}")
    assert not answer.right
    assert answer.got.startswith("(no text: ")


@pytest.mark.parametrize("text", ["", "NONSENSE", "PROXY", "DIRECT x", "DIRECT PROXY p:1"])
def test_an_answer_that_no_browser_understands_is_wrong(text):
    assert not one(f"function FindProxyForURL() {{ return '{text}'; }}").right


@pytest.mark.parametrize(
    ("pac", "message"),
    [
        (
            "<html>Not found</html>",
            "the PAC is refused by the JavaScript engine: SyntaxError: unexpected token in expression: '<', in line 1",
        ),
        (
            "var a = 1;\n\nvar b = ;\n",
            "the PAC is refused by the JavaScript engine: SyntaxError: unexpected token in expression: ';', in line 3",
        ),
        (
            "\nvar first = nosuch;",
            "the PAC is refused by the JavaScript engine: ReferenceError: nosuch is not defined, in line 2",
        ),
        ("var x = 1;", "the PAC has no function FindProxyForURL; is it a PAC at all, or a page that says so?"),
        # Chromium refuses it too: a const is no property of the global object.
        (
            "const FindProxyForURL = () => 'DIRECT';",
            "the PAC has no function FindProxyForURL; is it a PAC at all, or a page that says so?",
        ),
        ("function FindProxyForURLEx() {}", "the PAC has no function FindProxyForURL; is it a PAC at all, or a page"),
    ],
)
def test_a_pac_that_cannot_be_loaded_is_reported_with_the_line(pac, message):
    with pytest.raises(PacError) as caught:
        one(pac)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("body", "got"),
    [
        ("return nosuch(1);", "(FindProxyForURL fails: ReferenceError: nosuch is not defined, in line 2)"),
        # The line is the PAC's own also where one of the browser's functions is at fault.
        (
            "\nreturn shExpMatch(host, '[');",
            "(FindProxyForURL fails: SyntaxError: unexpected end, in line 3)",
        ),
        (
            "return FindProxyForURL(url, host) + 1;",
            "(FindProxyForURL fails: RangeError: Maximum call stack size exceeded, in line 2)",
        ),
        ("throw 'no';", "(FindProxyForURL fails: no)"),
        ("return null;", "(no text: None)"),
        ("return 'PROXY プロキシ:80';", "(not all of it is ASCII: PROXY プロキシ:80)"),
    ],
)
def test_a_url_that_the_pac_fails_for_is_wrong_and_the_others_are_judged(body, got):
    pac = f"function FindProxyForURL(url, host) {{ if (host !== 'odd') return 'DIRECT';\n{body} }}"
    routes = [{"url": f"http://{host}/", "expected": "DIRECT"} for host in ("before", "odd", "after")]
    found = answers(pac, routes, {}, "127.0.0.1")
    assert [(one.got, one.right) for one in found] == [("DIRECT", True), (got, False), ("DIRECT", True)]


@pytest.mark.parametrize(
    "body",
    [
        "while (true) {}",
        "try { while (true) {} } catch (caught) {} return 'DIRECT'",
        "/(a+)+b/.test(new Array(60).join('a'))",
    ],
)
def test_a_pac_that_does_not_end_is_stopped_for_that_url(monkeypatch, body):
    monkeypatch.setattr(handover_pac, "SECONDS_A_CALL", 0.2)
    routes = [{"url": f"http://{host}/", "expected": "DIRECT"} for host in ("odd", "after")]
    pac = f"function FindProxyForURL(url, host) {{ if (host !== 'odd') return 'DIRECT'; {body} }}"
    found = [one.got for one in answers(pac, routes, {}, "127.0.0.1")]
    assert found == ["(FindProxyForURL fails: it ran longer than 0.2 seconds)", "DIRECT"]


@pytest.mark.parametrize(
    "body",
    ["var all = []; while (true) all.push(new Array(1000));", "return 'x'.repeat(1 << 28);"],
)
def test_a_pac_that_takes_all_memory_is_stopped_for_that_url(body):
    routes = [{"url": f"http://{host}/", "expected": "DIRECT"} for host in ("odd", "after")]
    pac = f"function FindProxyForURL(url, host) {{ if (host !== 'odd') return 'DIRECT'; {body} }}"
    odd, after = answers(pac, routes, {}, "127.0.0.1")
    assert "out of memory" in odd.got
    assert (odd.right, after.got) == (False, "DIRECT")


def test_a_single_step_that_does_not_end_is_stopped_and_the_rest_is_asked_of_a_new_engine(monkeypatch):
    monkeypatch.setattr(handover_pac, "SECONDS_IN_ALL", 1.5)
    monkeypatch.setattr(handover_pac, "MOST_HANGS", 2)
    pac = "function FindProxyForURL(url, host) { return host === 'odd' ? new Array(1 << 28).join('x') : 'DIRECT'; }"
    routes = [{"url": f"http://{host}/", "expected": "DIRECT"} for host in ("before", "odd", "after", "odd", "last")]
    assert [one.got for one in answers(pac, routes, {}, "127.0.0.1")] == [
        "DIRECT",
        "(it ran longer than 1.5 seconds in one step and was stopped)",
        "DIRECT",
        "(it ran longer than 1.5 seconds in one step and was stopped)",
        "(not asked: the PAC took the JavaScript engine down for 2 others)",
    ]


def test_a_pac_that_hangs_while_it_is_loaded_is_reported(monkeypatch):
    monkeypatch.setattr(handover_pac, "SECONDS_IN_ALL", 0.5)
    with pytest.raises(PacError, match=r"the PAC cannot be loaded: it ran longer than 0\.5 seconds in one step"):
        one("var x = new Array(1 << 28).join('x'); function FindProxyForURL() { return 'DIRECT'; }")


def test_windows_own_programs_ask_another_function_where_there_is_one():
    pac = """
    function FindProxyForURL(url, host) { return typeof getClientVersion === "undefined" ? "DIRECT" : "PROXY p:1"; }
    function FindProxyForURLEx(url, host) {
      return host === "odd" || getClientVersion() !== "1.0" ? "PROXY p:1" : "DIRECT";
    }
    """
    found = answers(
        pac, [{"url": f"http://{host}/", "expected": "DIRECT"} for host in ("same", "odd")], {}, "127.0.0.1"
    )
    assert [(one.got, one.right) for one in found] == [
        ("DIRECT", True),
        ("DIRECT in browsers, PROXY p:1 in Windows' own programs (FindProxyForURLEx)", False),
    ]


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (
            {"addresses": {"nas": "192.0.2"}},
            "the address of nas is '192.0.2'; allowed: an IPv4 or IPv6 address, or several",
        ),
        (
            {"client_address": "laptop"},
            "the client's address is 'laptop'; allowed: an IPv4 or IPv6 address, or several",
        ),
    ],
)
def test_an_address_that_is_none_is_refused(known, message):
    with pytest.raises(PacError, match=message):
        one(PAC, **known)


def test_a_pac_that_is_too_large_is_refused():
    with pytest.raises(PacError, match="larger than 1048576 bytes"):
        one(PAC + "//" + "x" * 1048576)


@pytest.mark.parametrize("name", ["require", "std", "os", "fetch", "XMLHttpRequest", "load", "process"])
def test_a_pac_reaches_neither_files_nor_the_network(name):
    assert value(f"typeof {name}") == "undefined"


@pytest.mark.parametrize(
    ("desired", "message"),
    [
        ({"url": "http://a.example.org/", "expected": "PROXY"}, "expected is 'PROXY'; allowed: DIRECT, PROXY"),
        ({"url": "http://a.example.org/", "expected": ""}, "expected is ''"),
        ({"url": "www.example.org", "expected": "DIRECT"}, "'www.example.org' is no URL"),
    ],
)
def test_a_value_that_cannot_be_understood_is_refused(desired, message):
    with pytest.raises(PacError, match=message):
        answers(PAC, [desired], {}, "127.0.0.1")
