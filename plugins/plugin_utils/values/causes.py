"""What failed, by the words of the tools that say so, and what to do about it.

A tool's message says what it ran into, and seldom why, or what helps. CAUSES is the only place that knows: the first
pattern that is found counts, so what is special stands before what is general. Windows speaks its own language, so
wherever there is a name or a number that is never translated, the pattern asks for that. Where the messages come from:
docs/sources/windows.md#what-failures-say.
"""

from __future__ import annotations

import re
from functools import cache

HIVE_HOLDER = (
    "find out what loaded it there (a backup, a tool for profiles, another run), let that finish, and run again; "
    "restarting the machine unloads it, too"
)
# (cause, pattern, advice). {0} in an advice is the pattern's first group. A text may be a megabyte of somebody's own:
# no pattern may look through the rest of it from each of many places, hence \A(?>.*? and the like.
CAUSES: tuple[tuple[str, str, str], ...] = (
    # The certificate of the WinRM listener, by OpenSSL's words.
    (
        "clock of the controller",
        r"certificate is not yet valid",
        "set the clock of this controller right; if it is right, the machine's was ahead when it made the certificate: "
        "set that one, and have a certificate issued that is valid already (enroll/windows.cmd does, once more)",
    ),
    (
        "certificate expired",
        r"certificate has expired",
        "renew the certificate of the machine's WinRM listener (enroll/windows.cmd does, once more); if it is not over "
        "yet, set this controller's clock",
    ),
    (
        "certificate for another name",
        r"(?i:hostname mismatch|ip address mismatch)|doesn't match (?:'|either of)",
        "put the name that the certificate is for into ansible_host, or have one issued for the name that stands there",
    ),
    (
        "certificate authority",
        r"(?i:certificate_verify_failed|certificate verify failed)",
        "take the machine's certificate by playbooks/enroll_windows.yml; or name the CA that signed it in "
        "ansible_winrm_ca_trust_path (psrp: ansible_psrp_ca_cert)",
    ),
    (
        "no TLS there",
        r"(?i:wrong[_ ]version[_ ]number|unsupported[_ ]protocol)",
        "what answers on this port does not speak TLS, or only an old one: enable WinRM's HTTPS listener (5986), or "
        "correct ansible_port",
    ),
    # Who may come in.
    (
        "clocks differ",
        r"(?i:clock skew too great|krb(?:(?!krb)\w)*_ap_err_skew)",
        "set the clocks of this controller, the domain controller and the machine right; Kerberos allows five minutes",
    ),
    (
        "Kerberos knows no such name",
        r"not found in Kerberos database",
        "use the machine's full name in ansible_host and USER@REALM, the realm in capital letters, as ansible_user",
    ),
    (
        "no domain controller",
        r"(?i:cannot (?:find|contact any) KDC)",
        "let this controller find the domain controllers: its DNS, or the realm in /etc/krb5.conf",
    ),
    (
        "account locked",
        r"credentials have been revoked|account (?:is|has been) (?:locked|disabled)|0xc0000234|0xc0000072",
        "have the account unlocked or enabled, and check the password before you run again",
    ),
    (
        "no Kerberos ticket",
        r"(?i:no kerberos credentials available|in cache collection|Kerberos auth failure)",
        "check the user name and password; with a ticket of your own, run kinit again",
    ),
    (
        "credentials",
        r"credentials were rejected|Failed to authenticate the user",
        "check the user name and password, and that the account is neither locked nor expired; a local account needs "
        "LocalAccountTokenFilterPolicy 1 on the machine and no RestrictReceivingNTLMTraffic; basic authentication "
        "works with local accounts alone",
    ),
    (
        "host key",
        r"Host key verification failed|HOST IDENTIFICATION HAS CHANGED",
        "make sure that this is the machine that you mean; then run ssh-keygen -R with its name, and connect once "
        "by hand",
    ),
    (
        "SSH key or password",
        r"Permission denied \(|Invalid/incorrect (?:username/)?password",
        "check the user name, the key and the password; on a Mac, Remote Login has to be allowed for this user; on "
        "Windows, an administrator's key stands in ProgramData\\ssh\\administrators_authorized_keys, to which only "
        "Administrators and SYSTEM may have rights",
    ),
    (
        "sudo",
        r"(?:Incorrect|Missing) sudo password|sudo: a password is required|waiting for privilege escalation prompt",
        "give the password of this user for sudo: --ask-become-pass",
    ),
    (
        "no administrator",
        r"is not in the sudoers file|not allowed to run sudo",
        "use an account that may administer this computer",
    ),
    (
        "shell of SSH",
        r"-EncodedCommand is not properly encoded",
        "the machine's OpenSSH gives commands to cmd: have it give them to PowerShell (DefaultShell, "
        "docs/transports.md), or set ansible_shell_type to cmd",
    ),
    # What keeps PowerShell from working.
    (
        "antivirus",
        r"ScriptContainedMaliciousContent|malicious content|blocked by your antivirus|contains a virus|0x800700[eE]1",
        "the machine's antivirus (by AMSI) blocked Ansible's PowerShell: look it up in its log (Microsoft Defender: "
        "Get-MpThreatDetection), and ask whoever answers for it to allow this account's WinRM sessions",
    ),
    (
        "language mode",
        r"ConstrainedLanguage|(?i:only (?:on )?core types|in this language mode)",
        "PowerShell is in constrained language mode there, by AppLocker or App Control for Business: ask who keeps "
        "that policy to let this account work; Ansible cannot run under it",
    ),
    (
        "execution policy",
        r"about_Execution_Policies",
        "Group Policy allows no scripts there (Turn on Script Execution): ask who keeps it",
    ),
    (
        "shell quota",
        r"21508591(?:73|74)|concurrent (?:shells|operations|commands)|(?i:wsman(?:(?!wsman)\w)*quota|w:QuotaLimit)",
        "earlier WinRM sessions are still open: wait some minutes, or restart the machine's WinRM service; "
        "winrm get winrm/config/winrs says what is allowed (MaxShellsPerUser)",
    ),
    (
        "shell memory",
        r"OutOfMemoryException|insufficient memory|paging file is too small|Not enough (?:memory|quota)",
        "give WinRM sessions more memory (winrm/config/winrs, MaxMemoryPerShellMB), or restart the machine",
    ),
    (
        "PowerShell ended",
        r"pipe has been ended|wsmanfault_code\W+109\b",
        "PowerShell was ended while it worked, most often by an antivirus: look at its log and at the event log of "
        "PowerShell, and run again",
    ),
    # Users' hives (docs/sources/windows.md#loaded-hives).
    (
        "hive held",
        r"\A(?>.*?NTUSER\.DAT cannot be loaded: ).*; it is loaded at (\S+)",
        HIVE_HOLDER + " (reg unload {0})",
    ),
    (
        "hive file open",
        r"(?i:\A(?>.*?NTUSER\.DAT cannot be loaded: ).*; it is no registry hive)",
        "a program may have the file open, such as a backup, an antivirus or a copy of the profile: Resource Monitor "
        "(CPU, Associated Handles) shows which; let it finish, or restart the machine, and run again",
    ),
    ("hive loaded", r"\A(?>.*?failed to load registry hive ).*Win32ErrorCode 32\b", HIVE_HOLDER),
    (
        "hive not unloaded",
        r"failed to unload registry hive",
        "something still has the hive open: restart the machine before this user logs on",
    ),
    # The machine itself.
    (
        "disk full",
        r"No space left on device|not enough space on the disk|0x80070070",
        "make room on its disk, and run again",
    ),
    (
        "WMI",
        r"Invalid class|Provider load failure|0x8004101[03]",
        "WMI is damaged there: winmgmt /verifyrepository in an elevated prompt says so; have it repaired",
    ),
    (
        "no right",
        # The last one is what Windows says in Japanese, where no number stands beside it.
        r"2147942405|\(Code: 5,|(?i:\baccess (?:is )?denied)|UnauthorizedAccess"
        r"|\u30a2\u30af\u30bb\u30b9\u304c\u62d2\u5426",
        "the account has to be an administrator of the machine, and nothing there may narrow that: a policy, an "
        "antivirus, or for a local account LocalAccountTokenFilterPolicy",
    ),
    (
        "full disk access",
        r"Operation not permitted",
        "on a Mac: System Settings, General, Sharing, Remote Login, allow full disk access for remote users",
    ),
    # The way there.
    (
        "not back from a restart",
        r"Timed out waiting for (?:last boot time check|post-reboot test command)",
        "the machine was restarted and has not come back: look at its screen (updates, a BitLocker key that is asked "
        "for, no system to start), and run again when it is up; forticlient_install_reboot_timeout says how "
        "long is waited",
    ),
    (
        "proxy of the controller",
        r"ProxyError|(?i:cannot connect to proxy|tunnel connection failed)",
        "this controller goes through its own proxy (https_proxy): export no_proxy with the endpoints' names or "
        "network, and run again",
    ),
    (
        "slow or asleep",
        r"connection attempt timed out|Read timed out|winrm connection error|Operation timed out|Timeout \(\d+s\)"
        r"|HTTP read timeout|Timeout, server \S+ not responding",
        "the machine is very slow, asleep or behind a bad line: wake it, and run again",
    ),
    (
        "cut off",
        r"(?i:connection (?:was )?(?:reset|aborted)|Remote end closed|closed by remote host|unexpected[_ ]eof)"
        r"|(?i:Broken pipe)",
        "the connection was cut, by the machine's end or by a firewall between: see that it is on, and run again",
    ),
    (
        "package of the controller",
        r"(?:winrm or requests|xmltodict|requests_ntlm|pykerberos|requests-credssp) is not installed"
        r"|pypsrp or dependencies are not installed",
        "install it into this controller's Python environment (pywinrm, pywinrm[kerberos], pywinrm[credssp]; pypsrp, "
        "pypsrp[kerberos])",
    ),
    (
        "WinRM service",
        r"Code:? 50[0-9]",
        "restart the machine's WinRM service (Restart-Service WinRM), and look at its event log (Windows Remote "
        "Management)",
    ),
)


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), advice) for _cause, pattern, advice in CAUSES)


def advice(text: str) -> str:
    """Return what to do about what a tool said; empty when nobody knows."""
    for pattern, words in _compiled():
        if found := pattern.search(text):
            return words.format(*found.groups())
    return ""


def explained(text: str, more: str = "") -> str:
    """Return what a tool said with what to do about it; `more` is what else it said that is not to be shown.

    >>> explained("sudo: a password is required")
    'sudo: a password is required. Give the password of this user for sudo: --ask-become-pass'
    """
    words = advice(f"{text}\n{more}")
    words = words[:1].upper() + words[1:]
    return f"{text.rstrip(' .')}. {words}" if words and words not in text else text
