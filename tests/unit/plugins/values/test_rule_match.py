"""Whether a rule concerns TCP 445 of System and Remote Desktop's port: rules of every form that registries hold."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.values.rule_match import Listener, spoken

SMB = Listener(445, "System")
RDP = Listener(3389, r"\system32\svchost.exe", "TermService")
BASE = "v2.31|Action=Allow|Active=TRUE|Dir=In|"
SVCHOST = r"App=%SystemRoot%\system32\svchost.exe|"


@pytest.mark.parametrize(
    ("fields", "smb", "rdp"),
    [
        ("", True, True),
        ("Protocol=6|", True, True),
        ("Protocol=17|", False, False),
        ("Protocol=6|LPort=445|", True, False),
        ("Protocol=6|LPort=3389|", False, True),
        ("Protocol=6|LPort2_10=0-3388, 3390-65535|", True, False),
        ("Protocol=6|LPort=RPC|", False, False),
        ("Protocol=6|LPort=445|App=System|", True, False),
        ("Protocol=6|App=System|", True, False),
        (f"Protocol=6|LPort=3389|{SVCHOST}Svc=termservice|", False, True),
        ("Protocol=6|LPort=3389|App=c:\\WINDOWS\\System32\\svchost.exe|Svc=TermService|", False, True),
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
        ("Platform=2:6:2|", "it holds for one version of Windows only (Platform=2:6:2)"),
        ("Compartment=7|", "it has a condition that is not known (Compartment=7)"),
        ("garbage|", "'garbage' in it is no field"),
        ("RA4=|", "a firewall rule's RA4 is empty; it must name addresses"),
        ("RA4=10.0.0|", "'10.0.0' is not an address"),
        ("Profile=Home|", "a firewall rule's Profile is 'Home'"),
        ("LPort=smb|", "a firewall rule's port is 'smb'"),
    ],
)
def test_what_cannot_be_decided_is_named(fields, doubt):
    said = spoken(f"{BASE}Protocol=6|{fields}", SMB)
    assert said is not None
    assert len(said.doubts) == 1
    assert said.doubts[0].startswith(doubt)


def test_a_bypass_is_a_doubt():
    said = spoken("v2.31|Action=ByPass|Active=TRUE|Dir=In|Protocol=6|LPort=445|Security=Authenticate|", SMB)
    assert said is not None
    assert said.action == "ByPass"
    assert said.doubts[-1] == "it lets authenticated computers in (Action=ByPass)"


@pytest.mark.parametrize("fields", ["Platform=2:6:2|Platform2=GTEQ|", "Edge=TRUE|Defer=App|"])
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
