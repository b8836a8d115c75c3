"""The services of a Windows client: what the registry says of each, and whether it runs."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from lab.windows.machine.parts import Text
from lab.windows.machine.registry import Value

# name; start (2 automatic, 3 manual, 4 disabled; d = delayed); r = running; image (or svchost group); account;
# depends on;
# English; Japanese. The display name is an indirect string in the registry, as in Windows.
TABLE = r"""
AppIDSvc;3;;LocalServiceNetworkRestricted;S;RpcSs,CryptSvc;Application Identity;
Appinfo;3;r;netsvcs;L;RpcSs,ProfSvc;Application Information;
AppXSvc;3;;wsappx;L;rpcss;AppX Deployment Service (AppXSVC);
AudioEndpointBuilder;2;r;LocalSystemNetworkRestricted;L;;Windows Audio Endpoint Builder;
Audiosrv;2;r;LocalServiceNetworkRestricted;S;AudioEndpointBuilder,RpcSs;Windows Audio;
BFE;2;r;LocalServiceNoNetworkFirewall;S;RpcSs;Base Filtering Engine;
BITS;2d;r;netsvcs;L;RpcSs;Background Intelligent Transfer Service;
BrokerInfrastructure;2;r;DcomLaunch;L;RpcEptMapper,DcomLaunch,RpcSs;Background Tasks Infrastructure Service;
CDPSvc;2d;r;LocalService;S;ncbservice,RpcSS,Tcpip;Connected Devices Platform Service;接続済みデバイス プラットフォーム
CertPropSvc;3;r;netsvcs;L;RpcSs;Certificate Propagation;
ClipSVC;3;;wsappx;L;rpcss;Client License Service (ClipSVC);
COMSysApp;3;;C:\WINDOWS\system32\dllhost.exe;L;RpcSs;COM+ System Application;
CryptSvc;2;r;NetworkService;N;RpcSs;Cryptographic Services;
DcomLaunch;2;r;DcomLaunch;L;;DCOM Server Process Launcher;
Dhcp;2;r;LocalServiceNetworkRestricted;S;NSI,Afd;DHCP Client;
DiagTrack;2;r;utcsvc;L;RpcSs;Connected User Experiences and Telemetry;
Dnscache;2;r;NetworkService;N;nsi,Afd;DNS Client;
DoSvc;2d;;NetworkService;N;rpcss;Delivery Optimization;配信の最適化
DPS;2;r;LocalServiceNoNetwork;S;;Diagnostic Policy Service;
EventLog;2;r;LocalServiceNetworkRestricted;S;;Windows Event Log;
EventSystem;2;r;LocalService;S;rpcss;COM+ Event System;
FDResPub;3;;LocalServiceAndNoImpersonation;S;RpcSs,http,fdphost;Function Discovery Resource Publication;
fdPHost;3;;LocalService;S;RpcSs,http;Function Discovery Provider Host;
FontCache;2;r;LocalService;S;;Windows Font Cache Service;Windows フォント キャッシュ サービス
gpsvc;2;r;netsvcs;L;RPCSS,Mup;Group Policy Client;
IKEEXT;3;r;netsvcs;L;BFE,nsi;IKE and AuthIP IPsec Keying Modules;
iphlpsvc;2;r;NetSvcs;L;RpcSS,winmgmt,tcpip,nsi,WinHttpAutoProxySvc;IP Helper;
KeyIso;3;r;C:\WINDOWS\system32\lsass.exe;L;RpcSs;CNG Key Isolation;
LanmanServer;2;r;smbsvcs;L;SamSS,Srv2;Server;
LanmanWorkstation;2;r;NetworkService;N;Bowser,MRxSmb20,NSI;Workstation;
lmhosts;3;r;LocalServiceNetworkRestricted;S;Afd;TCP/IP NetBIOS Helper;
LSM;2;r;DcomLaunch;L;RpcEptMapper,DcomLaunch,RpcSs;Local Session Manager;
mpssvc;2;r;LocalServiceNoNetworkFirewall;S;mpsdrv,bfe;Windows Defender Firewall;Windows Defender ファイアウォール
MSDTC;3;;C:\WINDOWS\System32\msdtc.exe;N;RPCSS,SamSS;Distributed Transaction Coordinator;
msiserver;3;;C:\WINDOWS\system32\msiexec.exe /V;L;rpcss;Windows Installer;
Netlogon;3;;C:\WINDOWS\system32\lsass.exe;L;LanmanWorkstation;Netlogon;
Netman;3;r;LocalSystemNetworkRestricted;L;RpcSs,nsi;Network Connections;
netprofm;3;r;netprofm;S;RpcSs,nlasvc;Network List Service;
NlaSvc;2;r;NetworkService;N;NSI,RpcSs,TcpIp,Dhcp,Eventlog;Network Location Awareness;
nsi;2;r;LocalService;S;rpcss,nsiproxy;Network Store Interface Service;
PlugPlay;3;r;DcomLaunch;L;;Plug and Play;
PolicyAgent;3;r;NetworkServiceNetworkRestricted;N;Tcpip,bfe;IPsec Policy Agent;
Power;2;r;DcomLaunch;L;;Power;
ProfSvc;2;r;netsvcs;L;RpcSs;User Profile Service;
RasMan;2;r;netsvcs;L;SstpSvc,DnsCache;Remote Access Connection Manager;
RemoteAccess;4;;netsvcs;L;bfe,Http;Routing and Remote Access;
RemoteRegistry;4;;localService;S;RPCSS;Remote Registry;
RpcEptMapper;2;r;RPCSS;N;;RPC Endpoint Mapper;
RpcSs;2;r;rpcss;N;RpcEptMapper,DcomLaunch;Remote Procedure Call (RPC);
SamSs;2;r;C:\WINDOWS\system32\lsass.exe;L;RPCSS;Security Accounts Manager;
Schedule;2;r;netsvcs;L;RPCSS,SystemEventsBroker;Task Scheduler;
SecurityHealthService;3;r;C:\WINDOWS\system32\SecurityHealthService.exe;L;RpcSs;Windows Security Service;
SENS;2;r;netsvcs;L;EventSystem;System Event Notification Service;
SessionEnv;3;;netsvcs;L;RPCSS,LanmanWorkstation;Remote Desktop Configuration;
SharedAccess;3;;netsvcs;L;BFE;Internet Connection Sharing (ICS);
ShellHWDetection;2;r;netsvcs;L;RpcSs;Shell Hardware Detection;
Spooler;2;r;C:\WINDOWS\System32\spoolsv.exe;L;RPCSS,http;Print Spooler;
SSDPSRV;3;r;LocalServiceAndNoImpersonation;S;HTTP,NSI;SSDP Discovery;
SstpSvc;3;r;LocalService;S;;Secure Socket Tunneling Protocol Service;
swprv;3;;swprv;L;RPCSS;Microsoft Software Shadow Copy Provider;
SysMain;2;r;LocalSystemNetworkRestricted;L;rpcss,fileinfo;SysMain;
TermService;3;;termsvcs;N;RPCSS;Remote Desktop Services;
Themes;2;r;netsvcs;L;;Themes;
TrustedInstaller;3;;C:\WINDOWS\servicing\TrustedInstaller.exe;L;;Windows Modules Installer;
UmRdpService;3;;LocalSystemNetworkRestricted;L;TermService,RDPDR;Remote Desktop Services UserMode Port Redirector;
UsoSvc;2d;r;netsvcs;L;rpcss;Update Orchestrator Service;
VSS;3;;C:\WINDOWS\system32\vssvc.exe;L;RPCSS;Volume Shadow Copy;
W32Time;3;;LocalService;S;;Windows Time;
Wcmsvc;2;r;LocalServiceNetworkRestricted;S;RpcSs,NSI;Windows Connection Manager;
WinDefend;2;r;C:\ProgramData\Microsoft\Windows Defender\MsMpEng.exe;L;RpcSs;Microsoft Defender Antivirus Service;
WinHttpAutoProxySvc;3;r;LocalServiceNetworkRestricted;S;Dhcp;WinHTTP Web Proxy Auto-Discovery Service;
Winmgmt;2;r;netsvcs;L;RPCSS;Windows Management Instrumentation;
WinRM;2d;r;NetworkService;N;RPCSS,HTTP;Windows Remote Management (WS-Management);
WlanSvc;2;r;LocalSystemNetworkRestricted;L;nativewifip,RpcSs,Ndisuio,wcmsvc;WLAN AutoConfig;
WpnService;2;r;netsvcs;L;rpcss;Windows Push Notifications System Service;Windows プッシュ通知システム サービス
wscsvc;2d;r;LocalServiceNetworkRestricted;S;RpcSs;Security Center;セキュリティ センター
WSearch;2d;r;C:\WINDOWS\system32\SearchIndexer.exe /Embedding;L;RPCSS,BrokerInfrastructure;Windows Search;
wuauserv;3;r;netsvcs;L;rpcss;Windows Update;
"""
ACCOUNTS = {"L": "LocalSystem", "N": r"NT AUTHORITY\NetworkService", "S": r"NT AUTHORITY\LocalService"}
OWN_PROCESS, SHARED_PROCESS = 0x10, 0x20


class ServiceSeed(NamedTuple):
    """One service: the values of its registry key, its state, and its display name in both languages."""

    name: str
    state: str
    values: dict[str, Value]
    text: Text


def _values(name: str, start: str, image: str, account: str, depends: str) -> dict[str, Value]:
    own = image.startswith("C:\\")
    path = image if own else rf"%SystemRoot%\system32\svchost.exe -k {image} -p"
    values = {
        "DisplayName": Value("REG_SZ", indirect_name(name)),
        "Description": Value("REG_SZ", indirect_name(name).replace(",-100", ",-101")),
        "ImagePath": Value("REG_EXPAND_SZ", path),
        "ObjectName": Value("REG_SZ", account),
        "ErrorControl": Value("REG_DWORD", 1),
        "Start": Value("REG_DWORD", int(start[0])),
        "Type": Value("REG_DWORD", OWN_PROCESS if own else SHARED_PROCESS),
    }
    if start.endswith("d"):
        values["DelayedAutostart"] = Value("REG_DWORD", 1)
    if depends:
        values["DependOnService"] = Value("REG_MULTI_SZ", depends.split(","))
    return values


def indirect_name(service: str) -> str:
    """Return the indirect string of a service's display name.

    The DLL and the number are the lab's own, one DLL a service.
    """
    return rf"@%SystemRoot%\System32\{service.lower()}.dll,-100"


@cache
def services() -> tuple[ServiceSeed, ...]:
    """Return the services of every machine."""
    found = []
    for line in filter(None, TABLE.splitlines()):
        name, start, running, image, account, depends, english, japanese = line.split(";")
        values = _values(name, start, image, ACCOUNTS[account], depends)
        found.append(ServiceSeed(name, "Running" if running else "Stopped", values, Text(english, japanese or english)))
    return tuple(found)


@cache
def started_by_windows() -> frozenset[str]:
    """Return the services that Windows starts by itself, whatever their start mode says (by triggers)."""
    return frozenset(service.name for service in services() if service.state == "Running")


def service_texts() -> dict[str, Text]:
    """Return the display names by their indirect string."""
    return {indirect_name(service.name): service.text for service in services()}
