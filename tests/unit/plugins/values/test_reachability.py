"""Who can reach a program: against a model that goes through addresses one by one, and literal answers."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.plugin_utils.values.addresses import AddressSet, parse
from plugins.plugin_utils.values.firewall_settings import GROUP_POLICY, HARDENING, LOCAL, MDM, FirewallSettingError
from plugins.plugin_utils.values.reachability import Networks, Reach, Source, reach
from plugins.plugin_utils.values.rule_match import Listener

SMB = Listener(445, "System")
RDP = Listener(3389, r"\system32\svchost.exe", "TermService")
TERM_SERVICE = r"App=%SystemRoot%\system32\svchost.exe|Svc=TermService|"
IN = "Active=TRUE|Dir=In|Protocol=6|LPort=445|"
NOT_MERGED = {GROUP_POLICY: {"PrivateProfile": {"AllowLocalPolicyMerge": 0}}}


def rule(action: str, addresses: str = "", fields: str = "", name: str = "Name=x|") -> str:
    return f"v2.31|Action={action}|{IN}{addresses}{fields}{name}"


def told(rules=(), stores=None, listener=SMB, profile="Private") -> Reach:
    return reach(listener, profile, rules, stores or {})


def texts(found: Reach) -> tuple[list[str], list[str]]:
    inside, unknown = found.let_in()
    return inside.texts(), unknown.texts()


# ---- Against a model that knows nothing of sets -------------------------------------------------------------------

# A small world: sixteen addresses of an IPv4 network, of each of which the model asks every rule.
WORLD = [ipaddress.ip_address(f"10.0.0.{last}") for last in range(16)]
SPANS = (
    st.tuples(st.integers(0, 15), st.integers(0, 15)).map(sorted).map(lambda ends: f"10.0.0.{ends[0]}-10.0.0.{ends[1]}")
)
TEXTS = st.one_of(SPANS, st.sampled_from(["LocalSubnet", "DNS"]))
# (action, addresses with [] for any, whether an unreadable condition stands in it, store)
MODEL_RULES = st.lists(
    st.tuples(
        st.sampled_from(["Allow", "Allow", "Block"]),
        st.lists(TEXTS, max_size=2),
        st.sampled_from(["", "", "", "LUAuth=x|"]),
        st.sampled_from([LOCAL, GROUP_POLICY, MDM]),
    ),
    max_size=5,
)
SUBNETS = st.fixed_dictionaries({"LocalSubnet": st.sets(st.integers(0, 15)), "DNS": st.sets(st.integers(0, 15))})


def covers(entries: list[str], address: int, keywords: dict[str, set[int]]) -> bool:
    if not entries:
        return True
    for text in entries:
        if text in keywords:
            if address in keywords[text]:
                return True
        else:
            first, last = (int(end.rpartition(".")[2]) for end in text.split("-"))
            if first <= address <= last:
                return True
    return False


def is_let_in(address: int, rules, keywords, doubts_hold: list[bool], merge: bool, default: str) -> bool:
    allowed = default == "Allow"
    for (action, entries, doubt, store), holds in zip(rules, doubts_hold, strict=True):
        if (store == LOCAL and not merge) or (doubt and not holds) or not covers(entries, address, keywords):
            continue
        if action == "Block":
            return False
        allowed = True
    return allowed


def inside(found: AddressSet, address: int, keywords: dict[str, set[int]]) -> bool:
    number = int(WORLD[address])
    return any(family == 4 and first <= number <= last for family, first, last in found.ranges) or any(
        family == 4 and address in keywords[name] for name, family in found.keywords
    )


@settings(max_examples=400, deadline=None)
@given(MODEL_RULES, SUBNETS, st.data(), st.booleans(), st.sampled_from(["Allow", "Block"]))
def test_it_says_what_a_model_says_that_asks_every_rule_about_every_address(rules, keywords, data, merge, default):
    holds = [data.draw(st.booleans()) for _ in rules]
    policy = {"PrivateProfile": {"AllowLocalPolicyMerge": int(merge), "DefaultInboundAction": int(default == "Block")}}
    given_rules = [
        (store, f"r{number}", rule(action, "".join(f"RA4={text}|" for text in entries), doubt))
        for number, (action, entries, doubt, store) in enumerate(rules)
    ]
    found = told(given_rules, {GROUP_POLICY: policy})
    let_in, unknown = found.let_in()
    certain_in, certain_out, _unknown = found.split(parse("10.0.0.0-10.0.0.15"))
    local_in, _local_out, _local = found.split(parse("LocalSubnet4"))
    named = {name for _action, entries, _doubt, _store in rules for name in entries if name in keywords}
    for address in range(16):
        truth = is_let_in(address, rules, keywords, holds, merge, default)
        if inside(let_in, address, keywords) or inside(certain_in, address, keywords):
            assert truth
        if not inside(let_in, address, keywords) and not inside(unknown, address, keywords):
            assert not truth
        # What is kept out is kept out as far as the address is not also one of a keyword's.
        if inside(certain_out, address, {}) and not any(address in keywords[name] for name in named):
            assert not truth
        if address in keywords["LocalSubnet"] and local_in:
            assert truth


@settings(max_examples=300, deadline=None)
@given(MODEL_RULES, st.lists(TEXTS, max_size=3), st.sampled_from([0, 1]))
def test_whatever_is_wrong_has_words_and_a_culprit_and_nothing_else_has(rules, wish, inbound):
    given_rules = [
        (store, f"r{number}", rule(action, "".join(f"RA4={text}|" for text in entries), doubt))
        for number, (action, entries, doubt, store) in enumerate(rules)
    ]
    found, wanted = told(given_rules, {LOCAL: {"StandardProfile": {"DefaultInboundAction": inbound}}}), parse(wish)
    let_in, unknown = found.let_in()
    beyond, kept = found.let_in_beyond(wanted), found.kept_out(wanted)
    assert bool(beyond.words) == bool(beyond.culprits) == bool(let_in.minus(wanted))
    assert bool(beyond.doubts) == bool(unknown.minus(wanted))
    outside, doubtful = (found.split(wanted)[1:]) if wish else (not let_in and not unknown, not let_in and unknown)
    assert bool(kept.words) == bool(kept.culprits) == bool(outside)
    assert bool(kept.doubts) == bool(doubtful)


@settings(max_examples=200, deadline=None)
@given(MODEL_RULES)
def test_one_more_rule_that_allows_takes_nothing_away_and_one_that_blocks_gives_nothing(rules):
    given_rules = [
        (store, f"r{number}", rule(action, "".join(f"RA4={text}|" for text in entries), doubt))
        for number, (action, entries, doubt, store) in enumerate(rules)
    ]
    before = told(given_rules).let_in()[0]
    more = told([*given_rules, (LOCAL, "more", rule("Allow", "RA4=10.0.0.3|"))]).let_in()[0]
    less = told([*given_rules, (LOCAL, "less", rule("Block", "RA4=10.0.0.3|"))]).let_in()[0]
    assert more.covers(before)
    assert before.covers(less)


# ---- Literal answers -----------------------------------------------------------------------------------------------


def test_nobody_is_let_in_that_no_rule_lets_in():
    assert texts(told()) == ([], [])
    assert told().shown() == ["nobody"]
    assert told().kept_out(parse("10.0.0.0/8")).words == ("no rule lets 10.0.0.0/8 in to TCP 445",)


def test_rules_that_allow_add_up_and_the_culprit_is_named():
    found = told(
        [(LOCAL, "a", rule("Allow", "RA4=10.0.0.0/255.0.0.0|")), (LOCAL, "{b}", rule("Allow", "", "", "Name=NAS|"))]
    )
    assert texts(found) == (["Any"], [])
    beyond = found.let_in_beyond(parse("10.0.0.0/8"))
    assert beyond.words == (
        'all addresses are let in by rule "NAS" ({b}) of this machine, added by a person or a program',
    )
    assert (beyond.doubts, beyond.managed) == ((), False)


def test_only_what_goes_beyond_the_wish_is_named_with_the_rule_that_lets_it_in():
    found = told([(LOCAL, "a", rule("Allow", "RA4=10.0.0.0/255.255.254.0|")), (LOCAL, "b", rule("Allow", "RA4=DNS|"))])
    assert found.shown() == ["DNS4", "10.0.0.0/23"]
    beyond = found.let_in_beyond(parse(["10.0.0.0/24", "DNS"]))
    assert beyond.words == ('10.0.1.0/24 is let in by rule "x" (a) of this machine, added by a person or a program',)


def test_a_rule_that_lets_in_no_more_than_the_wish_is_not_blamed_for_another():
    found = told([(LOCAL, "a", rule("Allow")), (GROUP_POLICY, "b", rule("Allow", "RA4=LocalSubnet|RA6=LocalSubnet|"))])
    beyond = found.let_in_beyond(parse("LocalSubnet"))
    assert beyond.words == ('all addresses are let in by rule "x" (a) of this machine, added by a person or a program',)
    assert beyond.culprits == (Source(LOCAL, "a", "x"),)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["10.0.0.1", "10.0.0.3"], "10.0.0.1 and 10.0.0.3"),
        ([f"10.0.0.{last}" for last in (1, 3, 5, 7, 9)], "10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.7 and 10.0.0.9"),
        (
            [f"10.0.0.{last}" for last in (1, 3, 5, 7, 9, 11, 13)],
            "10.0.0.1, 10.0.0.3, 10.0.0.5, 10.0.0.7, 10.0.0.9 and 2 more",
        ),
    ],
)
def test_of_many_addresses_the_first_five_are_named(wanted, said):
    assert told().kept_out(parse(wanted)).words == (f"no rule lets {said} in to TCP 445",)
    blocked = told([(MDM, "{m}", rule("Block"))]).kept_out(parse(wanted))
    assert blocked.words == (f'{said} are blocked by rule "x" ({{m}}) of MDM (Intune and the like)',)


def test_what_is_blocked_and_what_no_rule_lets_in_are_told_apart():
    found = told(
        [(MDM, "m", rule("Block", "RA4=10.0.0.0/255.255.255.0|")), (MDM, "n", rule("Block", "RA4=10.0.2.0-10.0.2.7|"))]
    )
    kept = found.kept_out(parse("10.0.0.0-10.0.3.255"))
    assert kept.words == (
        '10.0.0.0/24 is blocked by rule "x" (m) of MDM (Intune and the like)',
        '10.0.2.0/29 is blocked by rule "x" (n) of MDM (Intune and the like)',
        "no rule lets 10.0.1.0/24 and 10.0.2.8-10.0.3.255 in to TCP 445",
    )
    assert kept.culprits == (Source(MDM, "m", "x"), Source(MDM, "n", "x"), Source(LOCAL))
    assert kept.managed is False


def test_a_policy_that_merges_rules_of_this_machine_keeps_nobody_out():
    kept = told((), {GROUP_POLICY: {"PrivateProfile": {"AllowLocalPolicyMerge": 1}}}).kept_out(parse("10.0.0.0/8"))
    assert kept.words == ("no rule lets 10.0.0.0/8 in to TCP 445",)
    assert (kept.culprits, kept.managed) == ((Source(LOCAL),), False)


def test_a_rule_that_blocks_beats_every_rule_that_allows():
    found = told(
        [
            (GROUP_POLICY, "a", rule("Allow")),
            (LOCAL, "{b}", rule("Block", "RA4=10.0.0.0/255.0.0.0|", "", "Name=No SMB|")),
        ]
    )
    kept = found.kept_out(parse("10.1.0.0/16"))
    assert kept.words == (
        '10.1.0.0/16 is blocked by rule "No SMB" ({b}) of this machine, added by a person or a program',
    )
    assert (kept.managed, kept.doubts) == (False, ())
    assert found.kept_out(parse("11.0.0.0/8")).words == ()


def test_group_policy_and_mdm_are_named_as_the_owners():
    blocked = told([(MDM, "{m}", rule("Block", "", "", "Name=Block SMB|")), (LOCAL, "a", rule("Allow"))])
    kept = blocked.kept_out(parse("10.0.0.0/8"))
    assert kept.words == ('10.0.0.0/8 is blocked by rule "Block SMB" ({m}) of MDM (Intune and the like)',)
    assert kept.managed is True
    opened = told([(GROUP_POLICY, "{g}", rule("Allow", "", "", "Name=SMB|"))]).let_in_beyond(parse("10.0.0.0/8"))
    assert opened.words == ('all addresses are let in by rule "SMB" ({g}) of Group Policy',)
    assert opened.managed is True


def test_rules_of_this_machine_do_not_count_where_they_are_not_merged():
    found = told([(LOCAL, "a", rule("Allow"))], NOT_MERGED)
    kept = found.kept_out(parse("10.0.0.0/8"))
    assert kept.words == (
        "no rule lets 10.0.0.0/8 in to TCP 445; rules of this machine do not count "
        r"(Group Policy: PrivateProfile\AllowLocalPolicyMerge=0)",
    )
    assert kept.managed is True
    assert texts(told([(LOCAL, "a", rule("Block")), (GROUP_POLICY, "b", rule("Allow"))], NOT_MERGED)) == (["Any"], [])


def test_no_exceptions_closes_all():
    found = told([(GROUP_POLICY, "a", rule("Allow"))], {LOCAL: {"StandardProfile": {"DoNotAllowExceptions": 1}}})
    assert found.kept_out(parse("10.0.0.0/8")).words == (
        "10.0.0.0/8 is blocked by the Private profile, which blocks all incoming connections "
        r"(local settings: StandardProfile\DoNotAllowExceptions=1)",
    )


def test_a_firewall_that_is_off_opens_all():
    found = told([(GROUP_POLICY, "a", rule("Block"))], {GROUP_POLICY: {"PrivateProfile": {"EnableFirewall": 0}}})
    beyond = found.let_in_beyond(parse("10.0.0.0/8"))
    assert beyond.words == (
        "all addresses are let in by the Private profile, in which the firewall is off "
        r"(Group Policy: PrivateProfile\EnableFirewall=0)",
    )
    assert beyond.managed is True


def test_an_inbound_default_of_allow_opens_what_is_not_blocked():
    found = told(
        [(LOCAL, "a", rule("Block", "RA4=10.0.0.0/255.0.0.0|"))],
        {LOCAL: {"StandardProfile": {"DefaultInboundAction": 0}}},
    )
    beyond = found.let_in_beyond(parse("10.0.0.0/8"))
    assert beyond.words == (
        "all addresses are let in by the Private profile, which allows what no rule blocks "
        r"(local settings: StandardProfile\DefaultInboundAction=0)",
    )
    assert beyond.managed is False


@pytest.mark.parametrize("action", ["Allow", "Block"])
def test_a_condition_that_nobody_can_decide_leaves_the_addresses_open(action):
    found = told(
        [(LOCAL, "a", rule("Allow", "RA4=10.0.0.0/255.0.0.0|")), (LOCAL, "{b}", rule(action, "", "LUAuth=x|"))]
    )
    assert found.kept_out(parse("10.0.0.0/8")).words == ()
    doubts = (
        found.let_in_beyond(parse("10.0.0.0/8")).doubts
        if action == "Allow"
        else found.kept_out(parse("10.0.0.0/8")).doubts
    )
    assert doubts == (
        'rule "x" ({b}) of this machine, added by a person or a program: '
        "it holds for some local accounts only (LUAuth=x)",
    )


def test_every_condition_of_a_rule_is_named():
    found = told([(LOCAL, "{b}", rule("Allow", "", "LUAuth=x|Security=Authenticate|"))])
    assert found.kept_out(parse("10.0.0.0/8")).doubts == (
        'rule "x" ({b}) of this machine, added by a person or a program: '
        "it holds for some local accounts only (LUAuth=x); it asks for IPsec (Security=Authenticate)",
    )


def test_a_text_that_is_no_rule_may_let_in_and_may_keep_out():
    assert texts(told([(LOCAL, "{b}", "0100")])) == ([], ["Any"])
    assert texts(told([(LOCAL, "a", rule("Allow")), (LOCAL, "{b}", "0100")])) == ([], ["Any"])
    assert (
        told([(LOCAL, "{b}", "0100")]).kept_out(parse("10.0.0.0/8")).doubts
        == (
            "rule {b} of this machine, added by a person or a program: "
            "a firewall rule begins with its version, such as v2.31|, not with '0100'",
        )
        * 2
    )


def test_a_block_of_a_keyword_leaves_numbers_open():
    found = told([(LOCAL, "a", rule("Allow")), (LOCAL, "{b}", rule("Block", "RA4=LocalSubnet|RA6=LocalSubnet|"))])
    assert found.shown() == ["nobody"]
    kept = found.kept_out(parse("10.0.0.0/8"))
    assert kept.words == ()
    assert kept.doubts == (
        'rule "x" ({b}) of this machine, added by a person or a program blocks LocalSubnet, and which addresses that '
        "leaves is not known",
    )
    assert found.kept_out(parse("LocalSubnet")).words == (
        'LocalSubnet is blocked by rule "x" ({b}) of this machine, added by a person or a program',
    )


def test_a_bypass_may_let_in_past_what_blocks():
    found = told([(LOCAL, "a", rule("Block")), (GROUP_POLICY, "b", rule("ByPass", "", "Security=Authenticate|"))])
    assert texts(found) == ([], ["Any"])


def test_interfaces_without_the_firewall_are_a_doubt():
    found = told((), {LOCAL: {"StandardProfile": {"DisabledInterfaces": "{1}"}}})
    assert texts(found) == ([], ["Any"])
    assert found.kept_out(parse("10.0.0.0/8")).doubts == (
        r"the Private profile (local settings: StandardProfile\DisabledInterfaces=1): "
        "the firewall is off for some network interfaces",
    )


def test_an_ipv4_rule_lets_nobody_in_over_ipv6():
    found = told([(LOCAL, "a", rule("Allow", "RA4=10.0.0.0/255.0.0.0|"))])
    assert found.kept_out(parse(["10.0.0.0/8", "fd00::/8"])).words == ("no rule lets fd00::/8 in to TCP 445",)


def test_without_a_wish_a_doubt_is_a_doubt():
    kept = told([(LOCAL, "{b}", rule("Allow", "RA4=10.0.0.1|", "LUAuth=x|"))]).kept_out(parse([]))
    assert (kept.words, len(kept.doubts)) == ((), 1)


def test_without_a_wish_it_is_enough_that_somebody_is_let_in():
    assert told([(LOCAL, "a", rule("Allow", "RA4=10.0.0.1|"))]).kept_out(parse([])).words == ()
    assert told([]).kept_out(parse([])).words == ("no rule lets anybody in to TCP 445",)
    blocked = told([(LOCAL, "a", rule("Allow")), (LOCAL, "{b}", rule("Block"))]).kept_out(parse([]))
    assert blocked.words == (
        'all addresses are blocked by rule "x" ({b}) of this machine, added by a person or a program',
    )


def test_service_hardening_restricts_its_service_and_opens_nothing():
    opened = [(LOCAL, "a", f"v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|{TERM_SERVICE}")]
    static = [(HARDENING, "TermService-1", f"v2.0|Action=Block|Active=TRUE|Dir=In|{TERM_SERVICE}")]
    excepted = [
        (HARDENING, "TermService-2", f"v2.0|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|{TERM_SERVICE}")
    ]
    assert texts(told(static, listener=RDP)) == texts(told(excepted, listener=RDP)) == ([], [])
    assert texts(told(opened + static, listener=RDP)) == ([], [])
    assert texts(told(opened + static + excepted, listener=RDP)) == (["Any"], [])


def test_service_hardening_that_nobody_can_decide_is_a_doubt_where_it_blocks_and_nothing_where_it_allows():
    opened = (LOCAL, "a", f"v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|{TERM_SERVICE}")
    block = (HARDENING, "TermService-1", f"v2.0|Action=Block|Active=TRUE|Dir=In|{TERM_SERVICE}LUAuth=x|")
    allow = (HARDENING, "TermService-2", f"v2.0|Action=Allow|Active=TRUE|Dir=In|{TERM_SERVICE}LUAuth=x|")
    assert texts(told([opened, allow], listener=RDP)) == (["Any"], [])
    doubtful = told([opened, block], listener=RDP)
    assert texts(doubtful) == ([], ["Any"])
    assert doubtful.kept_out(parse("10.0.0.0/8")).doubts == (
        "rule TermService-1 of Windows service hardening: it holds for some local accounts only (LUAuth=x)",
    )


def test_an_exception_of_service_hardening_that_nobody_can_decide_makes_what_it_excepts_a_doubt():
    opened = (LOCAL, "a", f"v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|{TERM_SERVICE}")
    block = (HARDENING, "TermService-1", f"v2.0|Action=Block|Active=TRUE|Dir=In|{TERM_SERVICE}")
    fields = f"Action=Allow|Active=TRUE|Dir=In|RA4=10.0.0.0/255.0.0.0|{TERM_SERVICE}LUAuth=x|"
    found = told([opened, block, (HARDENING, "TermService-2", f"v2.0|{fields}")], listener=RDP)
    assert texts(found) == ([], ["10.0.0.0/8"])
    assert found.kept_out(parse("10.0.0.0/8")).doubts == (
        "rule TermService-1 of Windows service hardening: it holds for some local accounts only (LUAuth=x)",
    )


def test_of_each_network_it_is_told_who_is_let_in_and_what_is_wrong():
    office = told([(LOCAL, "{o}", rule("Allow", "RA4=10.0.0.0/255.0.0.0|RA6=fd00::/8|"))])
    home = told([(GROUP_POLICY, "{h}", rule("Allow", "RA4=192.168.0.0/255.255.0.0|", "LUAuth=x|"))])
    networks = Networks(SMB, {"office": office, "home": home})
    assert networks.shown() == ["office: 10.0.0.0/8, fd00::/8", "home: nobody"]
    doubt = 'home: rule "x" ({h}) of Group Policy: it holds for some local accounts only (LUAuth=x)'
    kept = networks.kept_out(parse(["10.1.0.0/16", "192.168.7.0/24"]))
    assert kept.words == (
        "office: no rule lets 192.168.7.0/24 in to TCP 445",
        "home: no rule lets 10.1.0.0/16 in to TCP 445",
    )
    assert (kept.doubts, kept.culprits) == ((doubt,), (Source(LOCAL), Source(LOCAL)))
    beyond = networks.let_in_beyond(parse("10.0.0.0/8"))
    assert beyond.words == (
        'office: fd00::/8 is let in by rule "x" ({o}) of this machine, added by a person or a program',
    )
    assert (beyond.doubts, beyond.culprits) == ((doubt,), (Source(LOCAL, "{o}", "x"),))


def test_a_rule_of_thirty_thousand_addresses_is_told_by_the_first():
    addresses = "".join(f"RA4=10.{number >> 7}.{number & 127}.1|" for number in range(30_000))
    found = told([(LOCAL, "r", rule("Allow", addresses))])
    assert len(found.shown()) == 30_000
    assert found.let_in_beyond(parse("10.0.0.1")).words == (
        '10.0.1.1, 10.0.2.1, 10.0.3.1, 10.0.4.1, 10.0.5.1 and 29994 more are let in by rule "x" (r) of this machine, '
        "added by a person or a program",
    )


def test_more_rules_than_can_be_compared_with_each_other_are_refused():
    rules = [(LOCAL, f"r{number}", rule("Block", f"RA4=10.{number >> 8}.{number & 255}.1|")) for number in range(5000)]
    with pytest.raises(FirewallSettingError, match=r"5000 rules with 5000 ranges of addresses are about TCP 445"):
        told(rules)
    assert len(told(rules[:4000]).kept_out(parse("10.0.0.0/8")).words) == 4001
