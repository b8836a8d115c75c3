"""Whether a rule concerns TCP 445 of System and Remote Desktop's port: rules of every form that registries hold."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.values.rule_match import Listener, spoken

SMB = Listener(445, "System")
RDP = Listener(3389, r"\system32\svchost.exe", "TermService")
BASE = "v2.31|Action=Allow|Active=TRUE|Dir=In|"
SVCHOST = r"App=%SystemRoot%\system32\svchost.exe|"
ADDRESSES = (
    "allowed is an address (10.20.0.5), a network (10.20.0.0/16 or 10.20.0.0/255.255.0.0), "
    "a range (10.20.0.5-10.20.0.9) or a keyword such as LocalSubnet or Any"
)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """An answer comes from the rule, and not from another test that asked the same."""
    spoken.cache_clear()


@pytest.mark.parametrize(
    ("fields", "smb", "rdp"),
    [
        ("", True, True),
        ("Protocol=6|", True, True),
        ("Protocol=17|", False, False),
        ("Protocol=6|LPort=445|", True, False),
        ("Protocol=6|LPort=3389|", False, True),
        ("Protocol=6|LPort2_10=0-3388, 3390-65535|", True, False),
        ("Protocol=6|LPort=400-445|", True, False),
        ("Protocol=6|LPort=445-500|", True, False),
        ("Protocol=6|LPort=446-3388|", False, False),
        ("Protocol=6|LPort=RPC|", False, False),
        ("Protocol=6|LPort=445|App=System|", True, False),
        ("Protocol=6|App=System|", True, False),
        ("Protocol=6|App= SYSTEM |", True, False),
        ("Protocol=6|App=|Svc=|", True, True),
        ("Protocol=6|App= * |", True, True),
        ("Protocol=6|App=FileSystem|", False, False),
        ("Protocol=6|App=C:\\Tools\\System|", False, False),
        (f"Protocol=6|LPort=3389|{SVCHOST}Svc=termservice|", False, True),
        ("Protocol=6|LPort=3389|App=c:\\WINDOWS\\System32\\svchost.exe|Svc=TermService|", False, True),
        ("Protocol=6|App=c:/windows/system32/svchost.exe|Svc= TermService |", False, True),
        ("Protocol=6|App=svchost.exe|", False, False),
        ("Protocol=6|App=C:\\Tools\\svchost.exe|", False, False),
        ("Protocol=6|Svc=TermService|", False, True),
        (f"Protocol=6|{SVCHOST}", False, True),
        (f"Protocol=6|{SVCHOST}Svc=*|", False, True),
        ("Protocol=6|Svc=*|", False, True),
        (f"Protocol=6|{SVCHOST}Svc=CDPSvc|", False, False),
        ("Protocol=6|App=C:\\Program Files\\Zoom\\Zoom.exe|", False, False),
        ("Protocol=6|App=%SystemRoot%\\system32\\RdpSa.exe|", False, False),
        ("AppPkgId=S-1-15-2-1|LUOwn=S-1-5-21-1|", False, False),
        ("Protocol=6|App=System|TTK2_27=UPnP|", False, False),
        ("Protocol=6|App=System|TTK2_27=WFDKmDriver|", False, False),
        ("TTK=Proximity|", False, False),
        ("Protocol=6|RPort=67|", False, False),
        ("Protocol=6|RPort=0-1023|", False, False),
        ("Protocol=6|RPort=*|", True, True),
        ("Protocol=6|RPort=1024-65535|", True, True),
        ("Protocol=6|RPort2_10=80, 0-65535|", True, True),
    ],
)
def test_which_of_the_two_a_rule_concerns(fields, smb, rdp):
    for listener, expected in ((SMB, smb), (RDP, rdp)):
        said = spoken(BASE + fields, listener)
        assert (said is not None) is expected
        assert said is None or said.doubts == ()


@pytest.mark.parametrize("start", ["Active=FALSE|Dir=In|", "Active=TRUE|Dir=Out|", "Dir=In|"])
def test_a_rule_that_is_off_or_outbound_says_nothing(start):
    assert spoken(f"v2.31|Action=Block|{start}", SMB) is None


@pytest.mark.parametrize(
    ("fields", "doubt"),
    [
        ("Security=Authenticate|", "it asks for IPsec (Security=Authenticate)"),
        ("Security2_9=An-NoEncap|", "it asks for IPsec (Security2_9=An-NoEncap)"),
        ("RUAuth=O:LSD:(A;;CC;;;S-1-5-21-1)|", "it asks for IPsec (RUAuth=O:LSD:(A;;CC;;;S-1-5-21-1))"),
        ("LUAuth=O:LSD:(A;;CC;;;AU)|", "it holds for some local accounts only (LUAuth=O:LSD:(A;;CC;;;AU))"),
        ("LA4=10.0.0.5|", "it holds for some of this machine's own addresses only (LA4=10.0.0.5)"),
        ("IFType=Wireless|", "it holds for some network interfaces only (IFType=Wireless)"),
        ("NNm=abc|", "it holds for some networks only (NNm=abc)"),
        ("RPort=50000|", "it holds for some ports of the other side only"),
        ("RPort=0-1024|", "it holds for some ports of the other side only"),
        ("RPort=65535|", "it holds for some ports of the other side only"),
        ("RPort=1025-65535|", "it holds for some ports of the other side only"),
        ("RPort=1024-65534|", "it holds for some ports of the other side only"),
        ("Platform=2:6:2|", "it holds for one version of Windows only (Platform=2:6:2)"),
        ("Platform=2:6:2|Platform2=LTEQ|", "it holds for one version of Windows only (Platform=2:6:2)"),
        ("Compartment=7|", "it has a condition that is not known (Compartment=7)"),
        (f"Compartment={'7' * 60}89|", f"it has a condition that is not known (Compartment={'7' * 60})"),
        ("garbage|", "'garbage' in it is no field"),
        (f"{'g' * 60}ab|", f"'{'g' * 60}' in it is no field"),
        ("RA4=|", "a firewall rule's RA4 is empty; it must name addresses"),
        ("RA4=10.0.0|", f"'10.0.0' is not an address: {ADDRESSES}"),
        (
            "Profile=Home|",
            "a firewall rule's Profile is 'Home'; it must be one of Domain, Private, Public, or their bits as a number",
        ),
        (
            "LPort=smb|",
            "a firewall rule's port is 'smb'; it must be a number, a range such as 5000-5010, or a keyword such as RPC",
        ),
        (
            "RPort=9-1|",
            "a firewall rule's port is '9-1'; it must be a number, a range such as 5000-5010, or a keyword such as RPC",
        ),
    ],
)
def test_what_cannot_be_decided_is_named(fields, doubt):
    said = spoken(f"{BASE}Protocol=6|{fields}", SMB)
    assert said is not None
    assert said.doubts == (doubt,)


def test_all_that_cannot_be_decided_is_named_in_order():
    said = spoken(f"{BASE}Protocol=6|garbage|RPort=50000|LPort=smb|RA4=10.0.0.5|NNm=abc|security=AuthEnc|", SMB)
    assert said.doubts == (
        "a firewall rule's port is 'smb'; it must be a number, a range such as 5000-5010, or a keyword such as RPC",
        "it holds for some networks only (NNm=abc)",
        "it asks for IPsec (security=AuthEnc)",
        "'garbage' in it is no field",
        "it holds for some ports of the other side only",
    )
    assert said.addresses.texts() == ["10.0.0.5"]


@pytest.mark.parametrize(
    ("fields", "doubt"),
    [
        (
            "Action=Permit|Active=TRUE|Dir=In|",
            "a firewall rule's Action is 'Permit'; it must be one of Allow, Block, ByPass",
        ),
        ("Active=TRUE|Dir=In|", "a firewall rule's Action is ''; it must be one of Allow, Block, ByPass"),
        ("Action=Allow|Active=1|Dir=In|", "a firewall rule's Active is '1'; it must be one of TRUE, FALSE"),
        ("Action=Allow|Active=TRUE|", "a firewall rule's Dir is ''; it must be one of In, Out"),
        (
            "Action=Allow|Active=TRUE|Dir=In|Protocol=tcp|",
            "a firewall rule's Protocol is 'tcp'; it must be a number from 0 to 255, or *",
        ),
    ],
)
def test_a_word_that_no_rule_has_leaves_open_whether_the_rule_concerns_the_program(fields, doubt):
    assert spoken(f"v2.31|{fields}", SMB).doubts == (doubt,)


def test_a_rule_s_action_place_addresses_and_title_are_told():
    said = spoken("v2.31|Action=Block|Active=TRUE|Dir=In|Profile=Public|Protocol=6|RA4=10.0.0.5|Name= No SMB |", SMB)
    assert (said.action, said.profiles, said.addresses.texts()) == ("Block", {"Public"}, ["10.0.0.5"])
    assert (said.doubts, said.title) == ((), "No SMB")
    everywhere = spoken(BASE, SMB)
    assert (everywhere.profiles, everywhere.title) == ({"Domain", "Private", "Public"}, "")
    assert everywhere.addresses.is_any


@pytest.mark.parametrize("action", ["ByPass", " bypass "])
def test_a_bypass_is_a_doubt(action):
    said = spoken(f"v2.31|Action={action}|Active=TRUE|Dir=In|Protocol=6|LPort=445|Security=Authenticate|", SMB)
    assert said.action == "ByPass"
    assert said.doubts == (
        "it asks for IPsec (Security=Authenticate)",
        "it lets authenticated computers in (Action=ByPass)",
    )


@pytest.mark.parametrize(
    "fields", ["Platform=2:6:2|Platform2=GTEQ|", "PLATFORM=2:6:2|PLATFORM2=gteq|", "Edge=TRUE|Defer=App|LSM=TRUE|"]
)
def test_what_says_nothing_of_who_is_let_in_is_no_condition(fields):
    assert spoken(f"{BASE}Protocol=6|LPort=445|{fields}", SMB).doubts == ()


@pytest.mark.parametrize("odd", ["RA4=|", "Profile=Home|", "garbage|", "LUAuth=x|", "Unknown=1|", "Svc=CDPSvc|RA4=x|"])
def test_a_rule_whose_readable_part_says_another_port_says_nothing_of_this_one(odd):
    assert spoken(f"{BASE}Protocol=6|LPort=5000|{odd}", SMB) is None


def test_a_text_that_is_no_rule_might_concern_everything():
    said = spoken("0100", SMB)
    assert said is not None
    assert (said.action, sorted(said.profiles)) == ("", ["Domain", "Private", "Public"])
    assert said.addresses.is_any
    assert "begins with its version" in said.doubts[0]


def test_a_field_that_stands_in_a_rule_a_hundred_thousand_times_is_named_each_time():
    said = spoken(f"v2.31|Action=Allow|Active=TRUE|Dir=In|{'Platform=2:6:1|' * 100_000}", Listener(445, "System"))
    assert said is not None
    assert said.doubts == ("it holds for one version of Windows only (Platform=2:6:1)",) * 100_000
