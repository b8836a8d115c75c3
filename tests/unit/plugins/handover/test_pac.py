from __future__ import annotations

import time

import pytest

from plugins.plugin_utils.handover import pac as handover_pac
from plugins.plugin_utils.handover.pac import Answer, PacError, answers, table

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
    ("expression", "expected"),
    [
        ("isPlainHostName('www')", "true"),
        ("isPlainHostName('www.example.org')", "false"),
        ("isPlainHostName('::1')", "false"),
        ("dnsDomainIs('www.example.org', '.example.org')", "true"),
        ("dnsDomainIs('example.org', '.example.org')", "false"),
        ("dnsDomainIs('example.org.evil.com', '.example.org')", "false"),
        ("localHostOrDomainIs('www', 'www.example.org')", "true"),
        ("localHostOrDomainIs('www.example.org', 'www.example.org')", "true"),
        ("localHostOrDomainIs('www.other.org', 'www.example.org')", "false"),
        ("dnsDomainLevels('a.b.c')", "2"),
        ("convert_addr('104.16.41.2')", "1745889538"),
        ("convert_addr('255.255.255.255')", "-1"),
        ("convert_addr('1.2.3.256')", "null"),
        ("isInNet('172.16.9.9', '172.16.0.0', '255.240.0.0')", "true"),
        ("isInNet('172.32.0.1', '172.16.0.0', '255.240.0.0')", "false"),
        ("isInNet('200.1.2.3', '200.1.2.0', '255.255.255.0')", "true"),
        ("isInNet('nas.example.org', '192.0.2.0', '255.255.255.0')", "true"),
        ("isInNet('unknown.example.org', '0.0.0.0', '0.0.0.0')", "false"),
        ("dnsResolve('NAS.example.org')", "192.0.2.9"),
        ("dnsResolve('192.0.2.1')", "192.0.2.1"),
        ("dnsResolve('constructor')", "null"),
        ("isResolvable('nas.example.org')", "true"),
        ("isResolvable('unknown.example.org')", "false"),
        ("myIpAddress()", "192.0.2.77"),
        ("shExpMatch('http://a.example.org/x', '*.example.org/*')", "true"),
        ("shExpMatch('httpXaYexample.org', '*a.example.org')", "false"),
        ("shExpMatch('cat', 'c?t')", "true"),
        ("shExpMatch('ct', 'c?t')", "false"),
        ("shExpMatch('a+b[c]', 'a+b[c]')", "true"),
        ("alert('x')", "undefined"),
    ],
)
def test_the_functions_of_a_pac(expression, expected):
    known = {"addresses": {"nas.example.org": "192.0.2.9"}, "client_address": "192.0.2.77"}
    assert value(expression, **known) == expected


# 2026-11-24 10:30:15 GMT, a Tuesday.
CLOCK = """
var Date = (function (Real) { return function () { return new Real(Real.UTC(2026, 10, 24, 10, 30, 15)); }; })(Date);
"""


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("weekdayRange('TUE', 'GMT')", "true"),
        ("weekdayRange('MON', 'FRI', 'GMT')", "true"),
        ("weekdayRange('WED', 'SAT', 'GMT')", "false"),
        ("weekdayRange('SAT', 'TUE', 'GMT')", "true"),
        ("weekdayRange('SAT', 'MON', 'GMT')", "false"),
        ("timeRange(10, 'GMT')", "true"),
        ("timeRange(11, 'GMT')", "false"),
        ("timeRange(9, 17, 'GMT')", "true"),
        ("timeRange(22, 6, 'GMT')", "false"),
        ("timeRange(22, 11, 'GMT')", "true"),
        ("timeRange(10, 31, 11, 0, 'GMT')", "false"),
        ("timeRange(10, 30, 15, 10, 30, 15, 'GMT')", "true"),
        ("dateRange(24, 'GMT')", "true"),
        ("dateRange(1, 15, 'GMT')", "false"),
        ("dateRange('NOV', 'GMT')", "true"),
        ("dateRange('OCT', 'FEB', 'GMT')", "true"),
        ("dateRange('JAN', 'OCT', 'GMT')", "false"),
        ("dateRange(2026, 'GMT')", "true"),
        ("dateRange(2027, 2030, 'GMT')", "false"),
        ("dateRange(25, 'OCT', 3, 'DEC', 'GMT')", "true"),
        ("dateRange('DEC', 2026, 'MAR', 2027, 'GMT')", "false"),
        ("dateRange(24, 'NOV', 2026, 24, 'NOV', 2026, 'GMT')", "true"),
        ("dateRange(25, 'NOV', 2026, 1, 'JAN', 2027, 'GMT')", "false"),
    ],
)
def test_ranges_of_time(expression, expected):
    pac = f"{CLOCK}function FindProxyForURL(url, host) {{ return '' + {expression}; }}"
    assert one(pac).got == expected


def test_the_path_of_an_encrypted_request_is_kept_from_the_pac():
    echo = "function FindProxyForURL(url, host) { return url + ' ' + host; }"
    assert one(echo, "https://WWW.example.org:8443/a?b").got == "https://WWW.example.org:8443/ www.example.org"
    assert one(echo, "http://www.example.org/a?b").got == "http://www.example.org/a?b www.example.org"
    assert one(echo, "http://[2001:db8::1]/").got == "http://[2001:db8::1]/ 2001:db8::1"


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
        ("<html>Not found</html>", "the PAC is refused by the JavaScript engine: SyntaxError"),
        ("var x = 1;", "the PAC has no function FindProxyForURL"),
        (PAC + "function FindProxyForURLEx() {}", "the PAC has FindProxyForURLEx"),
        (
            "function FindProxyForURL() { return nosuch(1); }",
            "the PAC fails for http://www.example.org/: ReferenceError",
        ),
        ("function FindProxyForURL() { return dnsResolveEx('x'); }", "ReferenceError"),
        ("function FindProxyForURL() { return FindProxyForURL() + 1; }", "RangeError"),
        ("function FindProxyForURL() { throw 'no'; }", "the PAC fails for http://www.example.org/: no"),
    ],
)
def test_a_pac_that_cannot_be_run_is_reported(pac, message):
    with pytest.raises(PacError) as caught:
        one(pac)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        "while (true) {}",
        "try { while (true) {} } catch (caught) {} return 'DIRECT'",
        "/(a+)+b/.test(new Array(60).join('a'))",
    ],
)
def test_a_pac_that_does_not_end_is_stopped(monkeypatch, body):
    monkeypatch.setattr(handover_pac, "SECONDS_A_CALL", 0.2)
    begin = time.monotonic()
    with pytest.raises(PacError, match=r"it ran longer than 0\.2 seconds"):
        one(f"function FindProxyForURL() {{ {body} }}")
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    "body",
    ["var all = []; while (true) all.push(new Array(1000));", "return 'x'.repeat(1 << 28);"],
)
def test_a_pac_that_takes_all_memory_is_stopped(body):
    with pytest.raises(PacError, match="out of memory"):
        one(f"function FindProxyForURL() {{ {body} }}")


def test_a_single_step_that_does_not_end_is_stopped(monkeypatch):
    monkeypatch.setattr(handover_pac, "SECONDS_IN_ALL", 0.5)
    with pytest.raises(PacError, match=r"the PAC ran longer than 0\.5 seconds in all and was stopped"):
        one("function FindProxyForURL() { return new Array(1 << 28).join('x'); }")


def test_a_pac_that_is_too_large_is_refused():
    with pytest.raises(PacError, match="larger than 1048576 bytes"):
        one(PAC + "//" + "x" * 1048576)


@pytest.mark.parametrize("name", ["require", "std", "os", "fetch", "XMLHttpRequest", "load", "process", "console"])
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
