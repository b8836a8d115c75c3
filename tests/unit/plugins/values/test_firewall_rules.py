from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.plugin_utils.values.firewall_rules import FirewallRuleError, format_rule, parse_rule
from tests.samples.documents import SMB_IN

BASE = "v2.31|Action=Allow|Active=TRUE|Dir=In|"


def test_a_rule_s_fields_are_understood():
    rule = parse_rule(SMB_IN)
    assert rule.version == "v2.31"
    assert rule.enabled is True
    assert rule.action == "Allow"
    assert rule.direction == "In"
    assert rule.protocol == 6
    assert rule.profiles == ["Private"]
    assert rule.local_ports == ["445"]
    assert rule.remote_address == ["LocalSubnet", "172.31.0.0/255.255.0.0"]
    assert rule.group == "@FirewallAPI.dll,-28502"


def test_a_missing_field_means_any():
    rule = parse_rule("v2.31|Action=Block|Active=FALSE|Dir=Out|")
    assert rule.enabled is False
    assert rule.action == "Block"
    assert rule.direction == "Out"
    assert rule.protocol is None
    assert rule.profiles == ["Domain", "Private", "Public"]
    assert rule.local_ports == []
    assert rule.remote_address == ["Any"]
    assert rule.group is None


@pytest.mark.parametrize(
    ("fields", "addresses"),
    [
        ("RA4=LocalSubnet|", ["LocalSubnet4"]),
        ("RA6=LocalSubnet|", ["LocalSubnet6"]),
        ("RA6=LocalSubnet|RA4=localsubnet|", ["LocalSubnet"]),
        ("RA42=IntErnet|RA62=IntErnet|", ["Internet"]),
        ("RA4=10.0.0.1-10.0.0.9|RA6=fd00::/8|", ["10.0.0.1-10.0.0.9", "fd00::/8"]),
    ],
)
def test_a_keyword_in_one_family_lets_only_that_family_in(fields, addresses):
    assert parse_rule(BASE + fields).remote_address == addresses


def test_words_are_read_whatever_their_case():
    rule = parse_rule("v2.0|ACTION=allow|active=True|dir=IN|profile=PUBLIC|Profile=domain|")
    assert (rule.action, rule.enabled, rule.direction) == ("Allow", True, "In")
    assert rule.profiles == ["Domain", "Public"]


@pytest.mark.parametrize(
    ("fields", "opens"),
    [
        ("Protocol=6|LPort=445|", True),
        ("Protocol=6|LPort=139|LPort=445|", True),
        ("Protocol=6|LPort2_10=400-500|", True),
        ("Protocol=6|LPort=440-444|", False),
        ("Protocol=6|LPort=4455|", False),
        ("Protocol=17|LPort=445|", False),
        ("Protocol=6|LPort=RPC|", False),
        ("Protocol=6|", True),
        ("", True),
    ],
)
def test_a_rule_opens_a_tcp_port_by_number_range_or_by_naming_none(fields, opens):
    assert parse_rule(BASE + fields).opens(445) is opens


ACTIONS = "it must be one of Allow, Block, ByPass"
PLACES = "it must be one of Domain, Private, Public, or their bits as a number"
FIELDS = ["enabled", "action", "direction", "protocol", "profiles", "local_ports", "remote_address"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "version"),
        ("Action=Allow|Active=TRUE|Dir=In|", "version"),
        ("v2.31", "has fields"),
    ],
)
def test_a_text_that_is_no_rule_is_refused_with_the_place(text, named):
    with pytest.raises(FirewallRuleError) as error:
        parse_rule(text)
    assert named in str(error.value)


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("v2.31|Active=TRUE|Dir=In|", "action", f"Action is ''; {ACTIONS}"),
        ("v2.31|Action=Permit|Active=TRUE|Dir=In|", "action", f"Action is 'Permit'; {ACTIONS}"),
        ("v2.31|Action=Allow|Active=1|Dir=In|", "enabled", "Active is '1'; it must be one of TRUE, FALSE"),
        ("v2.31|Action=Allow|Active=TRUE|Dir=Both|", "direction", "Dir is 'Both'; it must be one of In, Out"),
        (BASE + "Protocol=tcp|", "protocol", "Protocol is 'tcp'; it must be a number from 0 to 255, or *"),
        (BASE + "Protocol=257|", "protocol", "Protocol is '257'; it must be a number from 0 to 255, or *"),
        (BASE + "Profile=Home|", "profiles", f"Profile is 'Home'; {PLACES}"),
        (BASE + "Profile=8|", "profiles", f"Profile is '8'; {PLACES}"),
        (BASE + "RA4=|", "remote_address", "RA4 is empty; it must name addresses"),
        (BASE + "RA4=10.0.0.0/8|RA6=|", "remote_address", "RA6 is empty; it must name addresses"),
    ],
)
def test_a_field_that_cannot_be_understood_is_an_error_of_its_own(text, field, message):
    rule = parse_rule(text)
    with pytest.raises(FirewallRuleError) as error:
        getattr(rule, field)
    assert str(error.value) == f"a firewall rule's {message}"
    for other in {*FIELDS} - {field}:
        getattr(rule, other)


@pytest.mark.parametrize("port", ["445-", "-445", "70000", "65536", "445-65536", "9-1", "smb", ""])
def test_a_port_that_cannot_be_understood_is_an_error_of_its_own(port):
    with pytest.raises(FirewallRuleError) as error:
        parse_rule(f"{BASE}Protocol=6|LPort={port}|").opens(445)
    assert str(error.value) == (
        f"a firewall rule's port is {port!r}; it must be a number, a range such as 5000-5010, or a keyword such as RPC"
    )


@pytest.mark.parametrize(
    ("fields", "protocol", "profiles", "ports"),
    [
        ("Protocol=*|", None, ["Domain", "Private", "Public"], None),
        ("Protocol=256|", None, ["Domain", "Private", "Public"], None),
        ("Protocol=6|Profile=2147483647|LPort=*|", 6, ["Domain", "Private", "Public"], None),
        ("Protocol=6|Profile=3|LPort=RPC|", 6, ["Domain", "Private"], []),
        ("Protocol=6|Profile=Domain,Public|LPort=80,443|", 6, ["Domain", "Public"], [(80, 80), (443, 443)]),
        (
            "Protocol=6|Profile=Any|LPort2_10=0-3388, 3390-65535|",
            6,
            ["Domain", "Private", "Public"],
            [(0, 3388), (3390, 65535)],
        ),
        ("Protocol=6|LPort2_10=IPHTTPSIn|LPort=445|", 6, ["Domain", "Private", "Public"], [(445, 445)]),
    ],
)
def test_forms_that_registries_hold_are_understood(fields, protocol, profiles, ports):
    rule = parse_rule(BASE + fields)
    assert (rule.protocol, rule.profiles, rule.ports()) == (protocol, profiles, ports)


def test_the_last_bar_may_be_missing():
    assert parse_rule("v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=445").opens(445) is True


def test_a_rule_that_does_not_say_so_is_not_active():
    assert parse_rule("v2.31|Action=Allow|Dir=In|").enabled is False


def test_a_bar_in_a_name_belongs_to_the_name():
    rule = parse_rule(BASE + "Name=Scanner | floor 3|LPort=80|garbage|Desc=a|")
    assert rule.first("Name") == "Scanner | floor 3"
    assert rule.garbage == ("garbage",)
    assert rule.local_ports == ["80"]


PLAIN = st.text(st.characters(exclude_characters="|=", exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(st.lists(st.tuples(PLAIN.map(lambda name: f"X{name}"), PLAIN), max_size=6))
def test_fields_that_nothing_understands_are_kept_in_their_order(fields):
    text = BASE + "".join(f"{name}={value}|" for name, value in fields)
    rule = parse_rule(text)
    assert format_rule(rule) == text
    assert rule.fields[3:] == tuple(fields)


@given(st.text(max_size=60))
def test_any_other_text_is_a_rule_or_a_reported_error(text):
    try:
        rule = parse_rule(text)
        for field in FIELDS:
            getattr(rule, field)
        assert rule.direction in ("In", "Out")
    except FirewallRuleError as error:
        assert "firewall rule" in str(error)


NUMBERS = st.integers(440, 450)
PORT_TEXTS: st.SearchStrategy[tuple[str, set[int]]] = st.one_of(
    NUMBERS.map(lambda port: (str(port), {port})),
    st.tuples(NUMBERS, NUMBERS)
    .map(sorted)
    .map(lambda ends: (f"{ends[0]}-{ends[1]}", set(range(ends[0], ends[1] + 1)))),
    st.sampled_from([("RPC", set()), ("IPHTTPSIn", set()), ("rpc-epmap", set())]),
)
PORT_FIELDS = st.sampled_from(["LPort", "LPort2_10", "lport2_20"])


@given(st.lists(st.tuples(PORT_FIELDS, st.lists(PORT_TEXTS, min_size=1, max_size=3)), max_size=3))
def test_a_rule_opens_what_a_model_says_that_goes_through_the_ports_one_by_one(fields):
    text = "".join(f"{name}={', '.join(spec for spec, _ports in specs)}|" for name, specs in fields)
    opened = {port for _name, specs in fields for _spec, ports in specs for port in ports}
    rule = parse_rule(f"{BASE}Protocol=6|{text}")
    for port in range(438, 453):
        assert rule.opens(port) is (not fields or port in opened)


@given(st.integers(0, 2**31 - 1))
def test_a_number_of_profiles_is_its_bits(number):
    wanted = [name for bit, name in enumerate(("Domain", "Private", "Public")) if number >> bit & 1]
    rule = parse_rule(f"{BASE}Profile={number}|")
    if wanted:
        assert rule.profiles == wanted
    else:
        with pytest.raises(FirewallRuleError):
            _ = rule.profiles


def test_a_name_of_half_a_million_bars_is_one_name():
    text = f"v2.31|Name=a{'|b' * 500_000}|"
    assert parse_rule(text).first("Name") == f"a{'|b' * 500_000}"
    assert format_rule(parse_rule(text)) == text


@pytest.mark.parametrize(
    ("field", "read"),
    [
        ("Protocol", lambda rule: rule.protocol),
        ("Profile", lambda rule: rule.profiles),
        ("LPort", lambda rule: rule.ports()),
    ],
)
def test_a_number_of_endless_digits_is_an_error_of_its_field(field, read):
    with pytest.raises(FirewallRuleError, match="a firewall rule's"):
        read(parse_rule(f"v2.31|{field}={'6' * 5000}|"))
