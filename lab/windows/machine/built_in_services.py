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
AJRouter;3;;LocalServiceNetworkRestricted;S;;AllJoyn Router Service;
ALG;3;;C:\WINDOWS\System32\alg.exe;S;;Application Layer Gateway Service;
AppIDSvc;3;;LocalServiceNetworkRestricted;S;RpcSs,CryptSvc;Application Identity;
Appinfo;3;r;netsvcs;L;RpcSs,ProfSvc;Application Information;
AppReadiness;3;;AppReadiness;L;;App Readiness;
AppXSvc;3;;wsappx;L;rpcss;AppX Deployment Service (AppXSVC);
AudioEndpointBuilder;2;r;LocalSystemNetworkRestricted;L;;Windows Audio Endpoint Builder;
Audiosrv;2;r;LocalServiceNetworkRestricted;S;AudioEndpointBuilder,RpcSs;Windows Audio;
BDESVC;3;;netsvcs;L;;BitLocker Drive Encryption Service;
BFE;2;r;LocalServiceNoNetworkFirewall;S;RpcSs;Base Filtering Engine;
BITS;2d;r;netsvcs;L;RpcSs;Background Intelligent Transfer Service;
BrokerInfrastructure;2;r;DcomLaunch;L;RpcEptMapper,DcomLaunch,RpcSs;Background Tasks Infrastructure Service;
bthserv;3;r;LocalService;S;;Bluetooth Support Service;
camsvc;3;r;osprivacy;L;;Capability Access Manager Service;
CDPSvc;2d;r;LocalService;S;ncbservice,RpcSS,Tcpip;Connected Devices Platform Service;接続済みデバイス プラットフォーム
CertPropSvc;3;r;netsvcs;L;RpcSs;Certificate Propagation;
ClipSVC;3;;wsappx;L;rpcss;Client License Service (ClipSVC);
COMSysApp;3;;C:\WINDOWS\system32\dllhost.exe;L;RpcSs;COM+ System Application;
CoreMessagingRegistrar;2;r;LocalServiceNoNetwork;S;rpcss;CoreMessaging;
CryptSvc;2;r;NetworkService;N;RpcSs;Cryptographic Services;
DcomLaunch;2;r;DcomLaunch;L;;DCOM Server Process Launcher;
DeviceAssociationService;3;r;LocalSystemNetworkRestricted;L;;Device Association Service;
DeviceInstall;3;;DcomLaunch;L;;Device Install Service;
Dhcp;2;r;LocalServiceNetworkRestricted;S;NSI,Afd;DHCP Client;
DiagTrack;2;r;utcsvc;L;RpcSs;Connected User Experiences and Telemetry;
DispBrokerDesktopSvc;2;r;LocalService;S;RpcSs;Display Policy Service;
dmwappushservice;3;;netsvcs;L;rpcss;Device Management Wireless Application Protocol (WAP) Push message Routing Service;
Dnscache;2;r;NetworkService;N;nsi,Afd;DNS Client;
DoSvc;2d;;NetworkService;N;rpcss;Delivery Optimization;配信の最適化
dot3svc;3;;LocalSystemNetworkRestricted;L;RpcSs,Ndisuio,Eaphost;Wired AutoConfig;
DPS;2;r;LocalServiceNoNetwork;S;;Diagnostic Policy Service;
DusmSvc;2;r;LocalServiceNetworkRestricted;S;RpcSs;Data Usage;
Eaphost;3;;netsvcs;L;RPCSS,KeyIso;Extensible Authentication Protocol;
EFS;3;;C:\WINDOWS\System32\lsass.exe;L;RPCSS;Encrypting File System (EFS);
EventLog;2;r;LocalServiceNetworkRestricted;S;;Windows Event Log;
EventSystem;2;r;LocalService;S;rpcss;COM+ Event System;
fdPHost;3;;LocalService;S;RpcSs,http;Function Discovery Provider Host;
FDResPub;3;;LocalServiceAndNoImpersonation;S;RpcSs,http,fdphost;Function Discovery Resource Publication;
fhsvc;3;;LocalSystemNetworkRestricted;L;RpcSs;File History Service;
FontCache;2;r;LocalService;S;;Windows Font Cache Service;Windows フォント キャッシュ サービス
gpsvc;2;r;netsvcs;L;RPCSS,Mup;Group Policy Client;
hidserv;3;;LocalSystemNetworkRestricted;L;;Human Interface Device Service;
IKEEXT;3;r;netsvcs;L;BFE,nsi;IKE and AuthIP IPsec Keying Modules;
InstallService;3;;netsvcs;L;rpcss;Microsoft Store Install Service;
iphlpsvc;2;r;NetSvcs;L;RpcSS,winmgmt,tcpip,nsi,WinHttpAutoProxySvc;IP Helper;
KeyIso;3;r;C:\WINDOWS\system32\lsass.exe;L;RpcSs;CNG Key Isolation;
LanmanServer;2;r;smbsvcs;L;SamSS,Srv2;Server;
LanmanWorkstation;2;r;NetworkService;N;Bowser,MRxSmb20,NSI;Workstation;
lfsvc;3;r;netsvcs;L;RpcSs;Geolocation Service;
LicenseManager;3;r;LocalService;S;rpcss;Windows License Manager Service;
lmhosts;3;r;LocalServiceNetworkRestricted;S;Afd;TCP/IP NetBIOS Helper;
LSM;2;r;DcomLaunch;L;RpcEptMapper,DcomLaunch,RpcSs;Local Session Manager;
MapsBroker;2d;;NetworkService;N;rpcss;Downloaded Maps Manager;
mpssvc;2;r;LocalServiceNoNetworkFirewall;S;mpsdrv,bfe;Windows Defender Firewall;Windows Defender ファイアウォール
MSDTC;3;;C:\WINDOWS\System32\msdtc.exe;N;RPCSS,SamSS;Distributed Transaction Coordinator;
MSiSCSI;3;;netsvcs;L;;Microsoft iSCSI Initiator Service;
msiserver;3;;C:\WINDOWS\system32\msiexec.exe /V;L;rpcss;Windows Installer;
NcaSvc;3;;NetSvcs;L;NSI,dnscache,BFE;Network Connectivity Assistant;
NcbService;3;r;LocalSystemNetworkRestricted;L;RpcSS,Tcpip,BrokerInfrastructure;Network Connection Broker;
Netlogon;3;;C:\WINDOWS\system32\lsass.exe;L;LanmanWorkstation;Netlogon;
Netman;3;r;LocalSystemNetworkRestricted;L;RpcSs,nsi;Network Connections;
netprofm;3;r;netprofm;S;RpcSs,nlasvc;Network List Service;
NlaSvc;2;r;NetworkService;N;NSI,RpcSs,TcpIp,Dhcp,Eventlog;Network Location Awareness;
nsi;2;r;LocalService;S;rpcss,nsiproxy;Network Store Interface Service;
PcaSvc;2;r;LocalSystemNetworkRestricted;L;RpcSs;Program Compatibility Assistant Service;
pla;3;;LocalServiceNoNetwork;S;RPCSS;Performance Logs & Alerts;
PlugPlay;3;r;DcomLaunch;L;;Plug and Play;
PolicyAgent;3;r;NetworkServiceNetworkRestricted;N;Tcpip,bfe;IPsec Policy Agent;
Power;2;r;DcomLaunch;L;;Power;
PrintNotify;3;;print;L;RpcSs;Printer Extensions and Notifications;
ProfSvc;2;r;netsvcs;L;RpcSs;User Profile Service;
QWAVE;3;;LocalServiceAndNoImpersonation;S;rpcss;Quality Windows Audio Video Experience;
RasAuto;3;;netsvcs;L;RasAcd;Remote Access Auto Connection Manager;
RasMan;2;r;netsvcs;L;SstpSvc,DnsCache;Remote Access Connection Manager;
RemoteAccess;4;;netsvcs;L;bfe,Http;Routing and Remote Access;
RemoteRegistry;4;;localService;S;RPCSS;Remote Registry;
RmSvc;3;r;LocalServiceNetworkRestricted;S;RpcSs;Radio Management Service;
RpcEptMapper;2;r;RPCSS;N;;RPC Endpoint Mapper;
RpcLocator;3;;C:\WINDOWS\system32\locator.exe;N;;Remote Procedure Call (RPC) Locator;
RpcSs;2;r;rpcss;N;RpcEptMapper,DcomLaunch;Remote Procedure Call (RPC);
SamSs;2;r;C:\WINDOWS\system32\lsass.exe;L;RPCSS;Security Accounts Manager;
SCardSvr;3;;LocalServiceAndNoImpersonation;S;;Smart Card;
Schedule;2;r;netsvcs;L;RPCSS,SystemEventsBroker;Task Scheduler;
SCPolicySvc;3;;netsvcs;L;RpcSs;Smart Card Removal Policy;
seclogon;3;;netsvcs;L;;Secondary Logon;
SecurityHealthService;3;r;C:\WINDOWS\system32\SecurityHealthService.exe;L;RpcSs;Windows Security Service;
SENS;2;r;netsvcs;L;EventSystem;System Event Notification Service;
SessionEnv;3;;netsvcs;L;RPCSS,LanmanWorkstation;Remote Desktop Configuration;
SharedAccess;3;;netsvcs;L;BFE;Internet Connection Sharing (ICS);
ShellHWDetection;2;r;netsvcs;L;RpcSs;Shell Hardware Detection;
SNMPTRAP;3;;C:\WINDOWS\System32\snmptrap.exe;S;;SNMP Trap;
Spooler;2;r;C:\WINDOWS\System32\spoolsv.exe;L;RPCSS,http;Print Spooler;
sppsvc;2d;;C:\WINDOWS\system32\sppsvc.exe;N;RpcSs;Software Protection;
SSDPSRV;3;r;LocalServiceAndNoImpersonation;S;HTTP,NSI;SSDP Discovery;
ssh-agent;4;;C:\WINDOWS\System32\OpenSSH\ssh-agent.exe;L;;OpenSSH Authentication Agent;
SstpSvc;3;r;LocalService;S;;Secure Socket Tunneling Protocol Service;
StateRepository;3;r;appmodel;L;rpcss;State Repository Service;
StiSvc;3;;imgsvc;S;RpcSs;Windows Image Acquisition (WIA);
StorSvc;2d;r;LocalSystemNetworkRestricted;L;;Storage Service;
swprv;3;;swprv;L;RPCSS;Microsoft Software Shadow Copy Provider;
SysMain;2;r;LocalSystemNetworkRestricted;L;rpcss,fileinfo;SysMain;
SystemEventsBroker;2;r;DcomLaunch;L;RpcEptMapper,RpcSs;System Events Broker;
TapiSrv;3;;NetworkService;N;RpcSs;Telephony;
TermService;3;;termsvcs;N;RPCSS;Remote Desktop Services;
Themes;2;r;netsvcs;L;;Themes;
TimeBrokerSvc;3;r;LocalServiceNetworkRestricted;S;;Time Broker;
TokenBroker;3;r;netsvcs;L;UserManager;Web Account Manager;
TrkWks;2;r;LocalSystemNetworkRestricted;L;RpcSs;Distributed Link Tracking Client;
TrustedInstaller;3;;C:\WINDOWS\servicing\TrustedInstaller.exe;L;;Windows Modules Installer;
UmRdpService;3;;LocalSystemNetworkRestricted;L;TermService,RDPDR;Remote Desktop Services UserMode Port Redirector;
upnphost;3;;LocalServiceAndNoImpersonation;S;SSDPSRV,HTTP;UPnP Device Host;
UserManager;2;r;netsvcs;L;RpcSs,ProfSvc;User Manager;
UsoSvc;2d;r;netsvcs;L;rpcss;Update Orchestrator Service;
VaultSvc;3;r;C:\WINDOWS\system32\lsass.exe;L;rpcss;Credential Manager;
vds;3;;C:\WINDOWS\System32\vds.exe;L;RpcSs;Virtual Disk;
VSS;3;;C:\WINDOWS\system32\vssvc.exe;L;RPCSS;Volume Shadow Copy;
W32Time;3;;LocalService;S;;Windows Time;
WaaSMedicSvc;3;;wusvcs;L;rpcss;Windows Update Medic Service;
wbengine;3;;C:\WINDOWS\system32\wbengine.exe;L;;Block Level Backup Engine Service;
WbioSrvc;3;r;WbioSvcGroup;L;RpcSs;Windows Biometric Service;
Wcmsvc;2;r;LocalServiceNetworkRestricted;S;RpcSs,NSI;Windows Connection Manager;
wcncsvc;3;;LocalServiceAndNoImpersonation;S;rpcss;Windows Connect Now - Config Registrar;
WdiServiceHost;3;r;LocalService;S;;Diagnostic Service Host;
WdiSystemHost;3;;LocalSystemNetworkRestricted;L;;Diagnostic System Host;
WebClient;3;;LocalService;S;MRxDAV;WebClient;
Wecsvc;3;;NetworkService;N;HTTP,Eventlog;Windows Event Collector;
WerSvc;3;;WerSvcGroup;L;;Windows Error Reporting Service;
WinDefend;2;r;C:\ProgramData\Microsoft\Windows Defender\MsMpEng.exe;L;RpcSs;Microsoft Defender Antivirus Service;
WinHttpAutoProxySvc;3;r;LocalServiceNetworkRestricted;S;Dhcp;WinHTTP Web Proxy Auto-Discovery Service;
Winmgmt;2;r;netsvcs;L;RPCSS;Windows Management Instrumentation;
WinRM;2d;r;NetworkService;N;RPCSS,HTTP;Windows Remote Management (WS-Management);
WlanSvc;2;r;LocalSystemNetworkRestricted;L;nativewifip,RpcSs,Ndisuio,wcmsvc;WLAN AutoConfig;
wlidsvc;3;;netsvcs;L;RpcSs;Microsoft Account Sign-in Assistant;
wmiApSrv;3;;C:\WINDOWS\system32\wbem\WmiApSrv.exe;L;;WMI Performance Adapter;
WPDBusEnum;3;;LocalSystemNetworkRestricted;L;RpcSs;Portable Device Enumerator Service;
WpnService;2;r;netsvcs;L;rpcss;Windows Push Notifications System Service;Windows プッシュ通知システム サービス
wscsvc;2d;r;LocalServiceNetworkRestricted;S;RpcSs;Security Center;セキュリティ センター
WSearch;2d;r;C:\WINDOWS\system32\SearchIndexer.exe /Embedding;L;RPCSS,BrokerInfrastructure;Windows Search;
wuauserv;3;r;netsvcs;L;rpcss;Windows Update;
WwanSvc;3;;LocalSystemNetworkRestricted;L;RpcSs,NdisUio,NlaSvc,Wcmsvc;WWAN AutoConfig;
XblAuthManager;3;;netsvcs;L;RpcSs;Xbox Live Auth Manager;
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
def built_in_drivers() -> frozenset[str]:
    """Return the drivers that the services depend on, in lower case: they run on every machine and are not listed."""
    listed = {service.name.lower() for service in services()}
    needed = (service.values["DependOnService"].data for service in services() if "DependOnService" in service.values)
    return frozenset(name.lower() for names in needed if isinstance(names, list) for name in names) - listed


@cache
def started_by_windows() -> frozenset[str]:
    """Return the services that Windows starts by itself, whatever their start mode says (by triggers)."""
    return frozenset(service.name for service in services() if service.state == "Running")


def service_texts() -> dict[str, Text]:
    """Return the display names by their indirect string."""
    return {indirect_name(service.name): service.text for service in services()}
