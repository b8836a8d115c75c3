"""What to do about what the tools say: their messages as they are, each with the words that help.

Where each message was seen: docs/sources/windows.md#what-failures-say.
"""

from __future__ import annotations

import re

import pytest

from plugins.plugin_utils.values.causes import CAUSES, advice, explained

TLS = (
    "ntlm: HTTPSConnectionPool(host='10.0.0.7', port=5986): Max retries exceeded with url: /wsman (Caused by "
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {} "
    "(_ssl.c:1016)')))"
)
QUOTA = (
    "The WS-Management service cannot process the request. This user is allowed a maximum number of 5 concurrent "
    "shells, which has been exceeded. Close existing shells or raise the quota for this user.  (extended fault data: "
    "{'transport_message': 'Bad HTTP response returned from server. Code 500', 'http_status_code': 500, "
    "'wsmanfault_code': 2150859173, 'fault_code': 's:Receiver', 'fault_subcode': 'w:InternalError'})"
)
PIPE = (
    "The pipe has been ended.  (extended fault data: {'fault_subcode': 'w:InternalError', 'fault_code': 's:Receiver', "
    "'wsmanfault_code': '109', 'transport_message': 'Bad HTTP response returned from server. Code 500', "
    "'http_status_code': 500})"
)
DENIED = (
    "Access is denied.  (extended fault data: {'transport_message': 'Bad HTTP response returned from server. Code 500'"
    ", 'http_status_code': 500, 'wsmanfault_code': '2147942405', 'fault_code': 's:Receiver', 'fault_subcode': "
    "'w:InternalError'})"
)
AMSI = (
    "Unhandled exception while executing module: At line:1 char:1\r\n+ #!powershell\r\n+ ~~~~~~~~~~~~\nThis script "
    "contains malicious content and has been blocked by your antivirus software."
)
# Only the id of an error is the same in every language of Windows.
AMSI_ELSEWHERE = (
    "    + CategoryInfo          : ParserError: (:) []\n    + FullyQualifiedErrorId : ScriptContainedMaliciousContent"
)
LANGUAGE = (
    "Cannot invoke method. Method invocation is supported only on core types in this language mode.\r\nAt line:1 char:1"
)
LANGUAGE_ELSEWHERE = (
    "无法调用方法。此语言模式仅支持核心类型的方法调用。\n"
    "    + FullyQualifiedErrorId : MethodInvocationNotSupportedInConstrainedLanguage"
)
HIVE = (
    "C:\\Users\\taro\\NTUSER.DAT cannot be loaded: reg.exe ended with 1 (ERROR: The process cannot access the file "
    "because it is being used by another process.); {}"
)
UNLOAD = (
    "failed to unload registry hive HKLM:\\ANSIBLE from C:\\Users\\Default\\NTUSER.dat: Failed to unload registry hive "
    "at ANSIBLE (Access is denied, Win32ErrorCode 5)"
)
LOAD = (
    "failed to load registry hive from 'C:\\Users\\taro\\NTUSER.DAT' to HKLM:\\ANSIBLE: Failed to load registry hive "
    "at C:\\Users\\taro\\NTUSER.DAT (The process cannot access the file because it is being used by another process, "
    "Win32ErrorCode 32)"
)
HOST_KEY = "Failed to connect to the host via ssh: Host key verification failed."
CACHE = (
    "kerberos: authGSSClientInit() failed: (('Unspecified GSS failure.  Minor code may provide more information', "
    '851968), ("Can\'t find client principal user@DOMAIN in cache collection", -1765328243))'
)
PRINCIPAL = "Kerberos auth failure for principal taro@EXAMPLE.ORG: kinit: "


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (TLS.format("certificate is not yet valid"), "set the clock of this controller right"),
        (TLS.format("certificate is not yet valid"), "the machine's was ahead when it made the certificate"),
        ("Timed out waiting for last boot time check (timeout=600)", "a BitLocker key that is asked for"),
        ("Timed out waiting for post-reboot test command (timeout=600)", "forticlient_install_reboot_timeout"),
        (TLS.format("certificate has expired"), "renew the certificate of the machine's WinRM listener"),
        (TLS.format("unable to get local issuer certificate"), "ansible_winrm_ca_trust_path"),
        (TLS.format("self-signed certificate"), "ansible_winrm_ca_trust_path"),
        (TLS.format("self-signed certificate"), "ansible_psrp_ca_cert"),
        (TLS.format("Hostname mismatch, certificate is not valid for 'pc-1'."), "into ansible_host"),
        (TLS.format("IP address mismatch, certificate is not valid for '10.0.0.7'."), "into ansible_host"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1016)", "does not speak TLS"),
        ("ntlm: the specified credentials were rejected by the server", "LocalAccountTokenFilterPolicy 1"),
        (
            "failed to authenticate with the server: Failed to authenticate the user taro with ntlm",
            "LocalAccountTokenFilterPolicy 1",
        ),
        (f"{PRINCIPAL}Clock skew too great while getting initial credentials", "Kerberos allows five minutes"),
        ("KRB Error: (37) KRB_AP_ERR_SKEW Clock skew too great", "Kerberos allows five minutes"),
        (
            f"{PRINCIPAL}Client 'taro@EXAMPLE.ORG' not found in Kerberos database while getting initial credentials",
            "the realm in capital letters",
        ),
        (f'{PRINCIPAL}Cannot find KDC for realm "EXAMPLE.ORG" while getting initial credentials', "/etc/krb5.conf"),
        (f"{PRINCIPAL}Clients credentials have been revoked while getting initial credentials", "unlocked or enabled"),
        (f"{PRINCIPAL}Password incorrect while getting initial credentials", "check the user name and password"),
        (CACHE, "run kinit again"),
        (HOST_KEY, "ssh-keygen -R"),
        ("taro@10.0.0.8: Permission denied (publickey,password).", "Remote Login has to be allowed"),
        ("taro@10.0.0.8: Permission denied (publickey,password).", "ssh\\administrators_authorized_keys"),
        ("Invalid/incorrect password: Permission denied, please try again.", "Remote Login has to be allowed"),
        (
            "Cannot process the command because the value specified with -EncodedCommand is not properly encoded. The "
            "value must be Base64 encoded.",
            "or set ansible_shell_type to cmd",
        ),
        ("Missing sudo password", "--ask-become-pass"),
        ("Incorrect sudo password", "--ask-become-pass"),
        ("sudo: a password is required", "--ask-become-pass"),
        ("Timeout (12s) waiting for privilege escalation prompt: ", "--ask-become-pass"),
        ("taro is not in the sudoers file.  This incident will be reported.", "may administer this computer"),
        (AMSI, "Get-MpThreatDetection"),
        (AMSI_ELSEWHERE, "Get-MpThreatDetection"),
        (LANGUAGE, "constrained language mode"),
        (LANGUAGE_ELSEWHERE, "constrained language mode"),
        (
            "cannot be loaded because running scripts is disabled on this system. For more information, see "
            "about_Execution_Policies at https:/go.microsoft.com/fwlink/?LinkID=135170.",
            "Turn on Script Execution",
        ),
        (QUOTA, "MaxShellsPerUser"),
        (
            "psrp connection failure during runspace open: Received a WSManFault message. (Code: w:QuotaLimit, Reason: "
            "Dieser Benutzer darf maximal 30 Shells)",
            "MaxShellsPerUser",
        ),
        ("The maximum number of concurrent commands per shell has been exceeded.", "MaxShellsPerUser"),
        ("Unhandled Exception: OutOfMemoryException.", "MaxMemoryPerShellMB"),
        ("The paging file is too small for this operation to complete.", "MaxMemoryPerShellMB"),
        (PIPE, "PowerShell was ended while it worked"),
        (DENIED, "has to be an administrator"),
        (
            "psrp connection failure during runspace open: Received a WSManFault message. (Code: 5, Machine: pc-1, "
            "Reason: Zugriff verweigert)",
            "has to be an administrator",
        ),
        ("アクセスが拒否されました。", "has to be an administrator"),
        (HIVE.format("it is loaded at HKU\\SomebodyElse"), "reg unload HKU\\SomebodyElse"),
        (HIVE.format("it is no registry hive that is loaded"), "Associated Handles"),
        (LOAD, "find out what loaded it there"),
        (UNLOAD, "restart the machine before this user logs on"),
        ("There is not enough space on the disk.", "make room"),
        ("cp: /Library/x: No space left on device", "make room"),
        ("Invalid class", "winmgmt /verifyrepository"),
        ("mkdir: /Library/x: Operation not permitted", "allow full disk access for remote users"),
        ("the connection attempt timed out", "very slow, asleep"),
        (
            "HTTPSConnectionPool(host='nb-1', port=5986): Max retries exceeded with url: /wsman (Caused by ProxyError("
            "'Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden')))",
            "export no_proxy",
        ),
        ("HTTP read timeout during PSRP script execution", "very slow, asleep"),
        ("Timeout, server 10.0.0.7 not responding.", "very slow, asleep"),
        ("Connection to 10.0.0.7 closed by remote host.", "was cut"),
        ("('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))", "was cut"),
        ("winrm or requests is not installed: No module named 'winrm'", "this controller's Python environment"),
        ("requested auth method is ntlm, but requests_ntlm is not installed", "this controller's Python environment"),
        (
            "pypsrp or dependencies are not installed: No module named 'pypsrp'",
            "this controller's Python environment",
        ),
        ("Bad HTTP response returned from server. Code 500", "Restart-Service WinRM"),
        ("Bad HTTP response returned from the server. Code: 500, Content: ''", "Restart-Service WinRM"),
    ],
)
def test_each_real_message_has_its_cure(said, words):
    assert words in advice(said)


@pytest.mark.parametrize(
    "said",
    [
        "MODULE FAILURE: No start of json char found\nSee stdout/stderr for the exact error",
        "failed to validate",
        "T: the service did not stop in 30 s: timed out",
        'is "evil.example.org:443", should be "fg.example.org:443"',
        "",
    ],
)
def test_what_says_nothing_of_a_cause_gets_no_advice(said):
    assert advice(said) == ""
    assert explained(said) == said


def test_each_cause_is_named_once_and_its_pattern_and_advice_fit_together():
    assert len({name for name, _pattern, _advice in CAUSES}) == len(CAUSES)
    for name, pattern, words in CAUSES:
        assert len(re.findall(r"\{\d\}", words)) == re.compile(pattern).groups, name
        assert not words.endswith("."), name


def test_advice_is_a_sentence_of_its_own_and_comes_once():
    once = explained("Missing sudo password.")
    assert once == "Missing sudo password. Give the password of this user for sudo: --ask-become-pass"
    assert explained(once) == once
    assert explained("no JSON", more="sudo: a password is required").startswith("no JSON. Give the password")
    assert explained("mount: /Volumes/MAX: No space left on device: /Volumes/MAX") == (
        "mount: /Volumes/MAX: No space left on device: /Volumes/MAX. Make room on its disk, and run again"
    )


@pytest.mark.parametrize(
    "piece", ["NTUSER.DAT cannot be loaded: ", "failed to load registry hive ", "krb", "wsman", "Timeout (1", "\n"]
)
def test_a_megabyte_of_the_beginning_of_a_message_is_looked_through(piece):
    text = piece * (2**20 // len(piece))
    assert advice(text) == ""
    assert advice(f"{text}sudo: a password is required") == "give the password of this user for sudo: --ask-become-pass"


def test_of_several_hives_that_are_held_the_last_one_is_named():
    text = (
        "C:\\a\\NTUSER.DAT cannot be loaded: x; it is loaded at HKU\\a\nNTUSER.DAT cannot be loaded: ; it is loaded at"
    )
    assert advice(text).endswith("(reg unload HKU\\a)")
    assert advice(f"{text} HKU\\b").endswith("(reg unload HKU\\b)")
