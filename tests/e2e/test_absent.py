"""`<role>_state: absent` gives back the machine as it was before."""

from __future__ import annotations

FLEET = (6, 2)
ABSENT = ("-e", "vpn_profile_state=absent", "-e", "smb_firewall_scope_state=absent")


def test_absent_gives_every_machine_back_as_it_was(fleet):
    before = fleet.hashes()
    assert fleet.play("site.yml").code == 0
    prepared = fleet.hashes()
    assert all(prepared[name] != before[name] for name in before)

    dry = fleet.play("site.yml", "--check", *ABSENT)
    assert dry.code == 0, dry.output
    assert fleet.hashes() == prepared

    gone = fleet.play("site.yml", *ABSENT)
    assert gone.code == 0, gone.output
    assert gone.of_status("fixed") == dry.of_status("drifted")
    assert fleet.hashes() == before

    again = fleet.play("site.yml", *ABSENT)
    assert again.code == 0
    assert again.of_status("fixed") == set()
    assert fleet.hashes() == before
