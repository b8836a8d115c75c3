"""The built-in firewall rules of a Windows client as a table; `seed_firewall` makes the registry's strings of it.

Names, groups, ports and resource numbers are public facts of Windows; those that matter are in
docs/sources/windows.md#firewall-rule-names.
Resource numbers of the -V2 rules other than SMB and ICMPv4-In, and the Japanese texts that are put together from
words, are plausible rather than looked up.

A group begins with `[resource;on or off;lowest build;English;Japanese]`. A rule is
`name;shape;direction;protocol;ports;program;name number;description number;suffix of the display name`.

Shapes: one letter a profile (d domain, p private, u public, * any), then `L` when limited to the local subnet; or
  pair    name (private+public, local subnet) and name-NoScope (domain)
  netdis  name-Active (private, local subnet, on), name (public, local subnet), name-NoScope (domain)
Ports: number or keyword, `<` the remote side, `-` none; ICMP type for protocols 1 and 58.
Program: System, an executable in system32, or svc:<service> inside svchost.exe.
"""

from __future__ import annotations

BUILT_IN = """
[-28502;off;0;File and Printer Sharing;ファイルとプリンターの共有]
FPS-NB_Session-In-TCP;pair;In;6;139;System;-28503;-28506; (NB-Session-In)
FPS-NB_Session-Out-TCP;pair;Out;6;<139;System;-28507;-28510; (NB-Session-Out)
FPS-SMB-In-TCP;pair;In;6;445;System;-28511;-28514; (SMB-In)
FPS-SMB-Out-TCP;pair;Out;6;<445;System;-28515;-28518; (SMB-Out)
FPS-NB_Name-In-UDP;pair;In;17;137;System;-28519;-28522; (NB-Name-In)
FPS-NB_Name-Out-UDP;pair;Out;17;<137;System;-28523;-28526; (NB-Name-Out)
FPS-NB_Datagram-In-UDP;pair;In;17;138;System;-28527;-28530; (NB-Datagram-In)
FPS-NB_Datagram-Out-UDP;pair;Out;17;<138;System;-28531;-28534; (NB-Datagram-Out)
FPS-SpoolSvc-In-TCP;pair;In;6;RPC;spoolsv.exe;-28535;-28538; (Spooler Service - RPC)
FPS-RPCSS-In-TCP;pair;In;6;RPC-EPMap;svc:RPCSS;-28539;-28542; (Spooler Service - RPC-EPMAP)
FPS-ICMP4-ERQ-In;pair;In;1;8:*;System;-28543;-28547; (Echo Request - ICMPv4-In)
FPS-ICMP4-ERQ-Out;pair;Out;1;8:*;System;-28544;-28547; (Echo Request - ICMPv4-Out)
FPS-ICMP6-ERQ-In;pair;In;58;128:*;System;-28545;-28547; (Echo Request - ICMPv6-In)
FPS-ICMP6-ERQ-Out;pair;Out;58;128:*;System;-28546;-28547; (Echo Request - ICMPv6-Out)
FPS-LLMNR-In-UDP;*L;In;17;5355;svc:dnscache;-28548;-28549; (LLMNR-UDP-In)
FPS-LLMNR-Out-UDP;*L;Out;17;<5355;svc:dnscache;-28550;-28551; (LLMNR-UDP-Out)
FPS-SpoolWorker-In-TCP;pair;In;6;RPC;spoolsvworker.exe;-28552;-28553; (Spooler Service Worker - RPC)

[-28672;off;26100;File and Printer Sharing (Restrictive);ファイルとプリンターの共有 (制限あり)]
FPS-SMB-In-TCP-V2;*;In;6;445;System;-28673;-28674; (SMB-In)
FPS-SMB-Out-TCP-V2;*;Out;6;<445;System;-28675;-28676; (SMB-Out)
FPS-SpoolSvc-In-TCP-V2;*;In;6;RPC;spoolsv.exe;-28677;-28678; (Spooler Service - RPC)
FPS-RPCSS-In-TCP-V2;*;In;6;RPC-EPMap;svc:RPCSS;-28679;-28680; (Spooler Service - RPC-EPMAP)
FPS-ICMP4-ERQ-In-V2;*;In;1;8:*;System;-28681;-28685; (Echo Request - ICMPv4-In)
FPS-ICMP4-ERQ-Out-V2;*;Out;1;8:*;System;-28682;-28685; (Echo Request - ICMPv4-Out)
FPS-ICMP6-ERQ-In-V2;*;In;58;128:*;System;-28683;-28685; (Echo Request - ICMPv6-In)
FPS-ICMP6-ERQ-Out-V2;*;Out;58;128:*;System;-28684;-28685; (Echo Request - ICMPv6-Out)
FPS-LLMNR-In-UDP-V2;*L;In;17;5355;svc:dnscache;-28686;-28687; (LLMNR-UDP-In)
FPS-LLMNR-Out-UDP-V2;*L;Out;17;<5355;svc:dnscache;-28688;-28689; (LLMNR-UDP-Out)
FPS-SpoolWorker-In-TCP-V2;*;In;6;RPC;spoolsvworker.exe;-28690;-28691; (Spooler Service Worker - RPC)

[-28602;off;0;File and Printer Sharing over SMBDirect;SMBDirect 経由のファイルとプリンターの共有]
FPSSMBD-iWARP-In-TCP;*;In;6;5445;System;-28603;-28606; (iWARP-In)

[-28752;off;0;Remote Desktop;リモート デスクトップ]
RemoteDesktop-UserMode-In-TCP;*;In;6;3389;svc:termservice;-28775;-28756; - User Mode (TCP-In)
RemoteDesktop-UserMode-In-UDP;*;In;17;3389;svc:termservice;-28776;-28777; - User Mode (UDP-In)
RemoteDesktop-Shadow-In-TCP;*;In;6;-;RdpSa.exe;-28778;-28779; - Shadow (TCP-In)

[-28782;off;0;Remote Desktop (WebSocket);リモート デスクトップ (WebSocket)]
RemoteDesktop-In-TCP-WS;*;In;6;3387;System;-28783;-28784; (TCP-WS-In)
RemoteDesktop-In-TCP-WSS;*;In;6;3392;System;-28785;-28786; (TCP-WSS-In)

[-32752;off;0;Network Discovery;ネットワーク探索]
NETDIS-SSDPSrv-In-UDP;netdis;In;17;1900;svc:Ssdpsrv;-32753;-32756; (SSDP-In)
NETDIS-SSDPSrv-Out-UDP;netdis;Out;17;<1900;svc:Ssdpsrv;-32757;-32760; (SSDP-Out)
NETDIS-UPnPHost-In-TCP;netdis;In;6;2869;System;-32761;-32764; (UPnP-In)
NETDIS-UPnPHost-Out-TCP;netdis;Out;6;<2869;svc:fdphost;-32765;-32768; (UPnP-Out)
NETDIS-NB_Name-In-UDP;netdis;In;17;137;System;-32769;-32772; (NB-Name-In)
NETDIS-NB_Name-Out-UDP;netdis;Out;17;<137;System;-32773;-32776; (NB-Name-Out)
NETDIS-NB_Datagram-In-UDP;netdis;In;17;138;System;-32777;-32780; (NB-Datagram-In)
NETDIS-NB_Datagram-Out-UDP;netdis;Out;17;<138;System;-32781;-32784; (NB-Datagram-Out)
NETDIS-FDPHOST-In-UDP;netdis;In;17;3702;svc:fdphost;-32785;-32788; (WSD-In)
NETDIS-FDPHOST-Out-UDP;netdis;Out;17;<3702;svc:fdphost;-32789;-32792; (WSD-Out)
NETDIS-LLMNR-In-UDP;netdis;In;17;5355;svc:dnscache;-32801;-32804; (LLMNR-UDP-In)
NETDIS-LLMNR-Out-UDP;netdis;Out;17;<5355;svc:dnscache;-32805;-32808; (LLMNR-UDP-Out)
NETDIS-FDRESPUB-WSD-In-UDP;netdis;In;17;3702;svc:fdrespub;-32809;-32810; (Pub-WSD-In)
NETDIS-FDRESPUB-WSD-Out-UDP;netdis;Out;17;<3702;svc:fdrespub;-32811;-32812; (Pub-WSD-Out)
NETDIS-WSDEVNTS-In-TCP;netdis;In;6;5358;System;-32813;-32814; (WSD EventsSecure-In)
NETDIS-WSDEVNTS-Out-TCP;netdis;Out;6;<5358;svc:fdphost;-32815;-32816; (WSD EventsSecure-Out)
NETDIS-WSDEVNT-In-TCP;netdis;In;6;5357;System;-32817;-32818; (WSD Events-In)
NETDIS-WSDEVNT-Out-TCP;netdis;Out;6;<5357;svc:fdphost;-32819;-32820; (WSD Events-Out)
NETDIS-UPnP-Out-TCP;netdis;Out;6;<2869;svc:upnphost;-32821;-32822; (UPnPHost-Out)
NETDIS-DAS-In-UDP;netdis;In;17;3702;dashost.exe;-32825;-32826; (WSD DAS-In)

[-25000;on;0;Core Networking;コア ネットワーク]
CoreNet-ICMP6-PTB-In;*;In;58;2:*;System;-25001;-25007; - Packet Too Big (ICMPv6-In)
CoreNet-ICMP6-PTB-Out;*;Out;58;2:*;System;-25002;-25007; - Packet Too Big (ICMPv6-Out)
CoreNet-ICMP6-RS-Out;*L;Out;58;133:*;System;-25008;-25011; - Router Solicitation (ICMPv6-Out)
CoreNet-ICMP6-RA-In;*;In;58;134:*;System;-25012;-25018; - Router Advertisement (ICMPv6-In)
CoreNet-ICMP6-NDS-In;*;In;58;135:*;System;-25019;-25025; - Neighbor Discovery Solicitation (ICMPv6-In)
CoreNet-ICMP6-NDS-Out;*;Out;58;135:*;System;-25020;-25025; - Neighbor Discovery Solicitation (ICMPv6-Out)
CoreNet-ICMP6-NDA-In;*;In;58;136:*;System;-25026;-25032; - Neighbor Discovery Advertisement (ICMPv6-In)
CoreNet-ICMP6-NDA-Out;*;Out;58;136:*;System;-25027;-25032; - Neighbor Discovery Advertisement (ICMPv6-Out)
CoreNet-ICMP6-LQ-In;*L;In;58;130:*;System;-25061;-25067; - Multicast Listener Query (ICMPv6-In)
CoreNet-ICMP6-LQ-Out;*L;Out;58;130:*;System;-25062;-25067; - Multicast Listener Query (ICMPv6-Out)
CoreNet-ICMP6-LR-In;*L;In;58;131:*;System;-25068;-25074; - Multicast Listener Report (ICMPv6-In)
CoreNet-ICMP6-LR-Out;*L;Out;58;131:*;System;-25069;-25074; - Multicast Listener Report (ICMPv6-Out)
CoreNet-ICMP6-LR2-In;*L;In;58;143:*;System;-25075;-25081; - Multicast Listener Report v2 (ICMPv6-In)
CoreNet-ICMP6-LR2-Out;*L;Out;58;143:*;System;-25076;-25081; - Multicast Listener Report v2 (ICMPv6-Out)
CoreNet-ICMP6-LD-In;*L;In;58;132:*;System;-25082;-25088; - Multicast Listener Done (ICMPv6-In)
CoreNet-ICMP6-LD-Out;*L;Out;58;132:*;System;-25083;-25088; - Multicast Listener Done (ICMPv6-Out)
CoreNet-ICMP6-DU-In;*;In;58;1:*;System;-25110;-25112; - Destination Unreachable (ICMPv6-In)
CoreNet-ICMP6-TE-In;*;In;58;3:*;System;-25113;-25115; - Time Exceeded (ICMPv6-In)
CoreNet-ICMP6-TE-Out;*;Out;58;3:*;System;-25114;-25115; - Time Exceeded (ICMPv6-Out)
CoreNet-ICMP4-DUFRAG-In;*;In;1;3:4;System;-25251;-25257; - Destination Unreachable Fragmentation Needed (ICMPv4-In)
CoreNet-DHCP-In;*;In;17;68;svc:dhcp;-25301;-25303; - Dynamic Host Configuration Protocol (DHCP-In)
CoreNet-DHCP-Out;*;Out;17;<67;svc:dhcp;-25302;-25303; - Dynamic Host Configuration Protocol (DHCP-Out)
CoreNet-DHCPV6-In;*;In;17;546;svc:dhcp;-25304;-25306; - Dynamic Host Configuration Protocol for IPv6 (DHCPV6-In)
CoreNet-DHCPV6-Out;*;Out;17;<547;svc:dhcp;-25305;-25306; - Dynamic Host Configuration Protocol for IPv6 (DHCPV6-Out)
CoreNet-Teredo-In;*;In;17;Teredo;svc:iphlpsvc;-25326;-25332; - Teredo (UDP-In)
CoreNet-Teredo-Out;*;Out;17;-;svc:iphlpsvc;-25327;-25333; - Teredo (UDP-Out)
CoreNet-DNS-Out-UDP;*;Out;17;<53;svc:dnscache;-25405;-25406; - DNS (UDP-Out)
CoreNet-GP-NP-Out-TCP;d;Out;6;<445;System;-25401;-25402; - Group Policy (NP-Out)
CoreNet-GP-Out-TCP;d;Out;6;-;svc:gpsvc;-25403;-25404; - Group Policy (TCP-Out)

[-27000;off;0;Core Networking Diagnostics;コア ネットワーク診断]
CoreNet-Diag-ICMP4-EchoRequest-In;pair;In;1;8:*;System;-27001;-27005; - ICMP Echo Request (ICMPv4-In)
CoreNet-Diag-ICMP4-EchoRequest-Out;pair;Out;1;8:*;System;-27002;-27005; - ICMP Echo Request (ICMPv4-Out)
CoreNet-Diag-ICMP6-EchoRequest-In;pair;In;58;128:*;System;-27003;-27005; - ICMP Echo Request (ICMPv6-In)
CoreNet-Diag-ICMP6-EchoRequest-Out;pair;Out;58;128:*;System;-27004;-27005; - ICMP Echo Request (ICMPv6-Out)

[-33002;on;0;Remote Assistance;リモート アシスタンス]
RemoteAssistance-In-TCP-EdgeScope-Active;dp;In;6;-;msra.exe;-33003;-33006; (TCP-In)
RemoteAssistance-Out-TCP-Active;dp;Out;6;-;msra.exe;-33007;-33010; (TCP-Out)
RemoteAssistance-RAServer-In-TCP-NoScope-Active;d;In;6;-;raserver.exe;-33011;-33014; (RA Server TCP-In)
RemoteAssistance-RAServer-Out-TCP-NoScope-Active;d;Out;6;-;raserver.exe;-33015;-33018; (RA Server TCP-Out)
RemoteAssistance-SSDPSrv-In-UDP-Active;dpL;In;17;1900;svc:Ssdpsrv;-33019;-33022; (SSDP UDP-In)
RemoteAssistance-SSDPSrv-Out-UDP-Active;dpL;Out;17;<1900;svc:Ssdpsrv;-33023;-33026; (SSDP UDP-Out)
RemoteAssistance-SSDPSrv-In-TCP-Active;dpL;In;6;2869;System;-33027;-33030; (SSDP TCP-In)
RemoteAssistance-SSDPSrv-Out-TCP-Active;dpL;Out;6;-;System;-33031;-33034; (SSDP TCP-Out)
RemoteAssistance-DCOM-In-TCP-NoScope-Active;d;In;6;135;svc:rpcss;-33035;-33036; (DCOM-In)
RemoteAssistance-PnrpSvc-UDP-OUT-Active;dp;Out;17;-;svc:pnrpsvc;-33037;-33038; (PNRP-Out)
RemoteAssistance-PnrpSvc-UDP-In-EdgeScope-Active;dp;In;17;3540;svc:pnrpsvc;-33039;-33040; (PNRP-In)

[-30267;off;0;Windows Remote Management;Windows リモート管理]
WINRM-HTTP-In-TCP;uL;In;6;5985;System;-30253;-30256; (HTTP-In)
WINRM-HTTP-In-TCP-NoScope;dp;In;6;5985;System;-30253;-30256; (HTTP-In)

[-34251;off;0;Windows Management Instrumentation (WMI);Windows Management Instrumentation (WMI)]
WMI-RPCSS-In-TCP;pair;In;6;135;svc:rpcss;-34252;-34253; (DCOM-In)
WMI-WINMGMT-In-TCP;pair;In;6;-;svc:winmgmt;-34254;-34255; (WMI-In)
WMI-ASYNC-In-TCP;pair;In;6;-;wbem\\unsecapp.exe;-34256;-34257; (ASync-In)
WMI-WINMGMT-Out-TCP;pair;Out;6;-;svc:winmgmt;-34258;-34259; (WMI-Out)

[-29502;off;0;Remote Service Management;リモート サービス管理]
RemoteSvcAdmin-In-TCP;pair;In;6;RPC;services.exe;-29503;-29506; (RPC)
RemoteSvcAdmin-NP-In-TCP;pair;In;6;445;System;-29507;-29510; (NP-In)
RemoteSvcAdmin-RPCSS-In-TCP;pair;In;6;RPC-EPMap;svc:RPCSS;-29515;-29518; (RPC-EPMAP)

[-29252;off;0;Remote Event Log Management;リモートのイベント ログ管理]
RemoteEventLogSvc-In-TCP;pair;In;6;RPC;svc:Eventlog;-29253;-29256; (RPC)
RemoteEventLogSvc-NP-In-TCP;pair;In;6;445;System;-29257;-29260; (NP-In)
RemoteEventLogSvc-RPCSS-In-TCP;pair;In;6;RPC-EPMap;svc:RPCSS;-29265;-29268; (RPC-EPMAP)

[-30002;off;0;Windows Defender Firewall Remote Management;Windows Defender ファイアウォール リモート管理]
RemoteFwAdmin-In-TCP;pair;In;6;RPC;svc:policyagent;-30003;-30006; (RPC)
RemoteFwAdmin-RPCSS-In-TCP;pair;In;6;RPC-EPMap;svc:RPCSS;-30007;-30010; (RPC-EPMAP)

[-33252;off;0;Remote Scheduled Tasks Management;リモートのスケジュールされたタスク管理]
RemoteTask-In-TCP;pair;In;6;RPC;svc:schedule;-33253;-33256; (RPC)
RemoteTask-RPCSS-In-TCP;pair;In;6;RPC-EPMap;svc:RPCSS;-33257;-33260; (RPC-EPMAP)

[-34501;off;0;Remote Volume Management;リモート ボリューム管理]
RVM-VDS-In-TCP;pair;In;6;RPC;vds.exe;-34502;-34503; - Virtual Disk Service (RPC)
RVM-VDSLDR-In-TCP;pair;In;6;RPC;vdsldr.exe;-34504;-34505; - Virtual Disk Service Loader (RPC)
RVM-RPCSS-In-TCP;pair;In;6;RPC-EPMap;svc:RPCSS;-34506;-34507; (RPC-EPMAP)

[-33502;off;0;Distributed Transaction Coordinator;分散トランザクション コーディネーター]
MSDTC-In-TCP;pair;In;6;-;msdtc.exe;-33503;-33506; (TCP-In)
MSDTC-Out-TCP;pair;Out;6;-;msdtc.exe;-33507;-33510; (TCP-Out)
MSDTC-KTMRM-In-TCP;pair;In;6;RPC;svc:ktmrm;-33511;-33512; (RPC)
MSDTC-RPCSS-In-TCP;pair;In;6;RPC-EPMap;svc:RPCSS;-33513;-33514; (RPC-EPMAP)

[-29002;off;0;iSCSI Service;iSCSI サービス]
MsiScsi-In-TCP;pair;In;6;-;svc:Msiscsi;-29003;-29006; (TCP-In)
MsiScsi-Out-TCP;pair;Out;6;-;svc:Msiscsi;-29007;-29010; (TCP-Out)

[-33752;off;0;Routing and Remote Access;ルーティングとリモート アクセス]
RRAS-L2TP-In-UDP;*;In;17;1701;System;-33753;-33756; (L2TP-In)
RRAS-L2TP-Out-UDP;*;Out;17;<1701;System;-33757;-33760; (L2TP-Out)
RRAS-PPTP-Out-TCP;*;Out;6;<1723;System;-33761;-33764; (PPTP-Out)
RRAS-PPTP-In-TCP;*;In;6;1723;System;-33765;-33768; (PPTP-In)
RRAS-GRE-In;*;In;47;-;System;-33769;-33772; (GRE-In)
RRAS-GRE-Out;*;Out;47;-;System;-33773;-33776; (GRE-Out)

[-36501;off;0;TPM Virtual Smart Card Management;TPM 仮想スマート カード管理]
TPMVSCMGR-RPCSS-In-TCP;pair;In;6;135;svc:rpcss;-36502;-36503; (DCOM-In)
TPMVSCMGR-Server-In-TCP;pair;In;6;-;RmtTpmVscMgrSvr.exe;-36504;-36505; (TCP-In)
TPMVSCMGR-Server-Out-TCP;pair;Out;6;-;RmtTpmVscMgrSvr.exe;-36506;-36507; (TCP-Out)

[-37302;on;0;mDNS;mDNS]
MDNS-In-UDP-Private-Active;pL;In;17;5353;svc:dnscache;-37303;-37304; (UDP-In)
MDNS-In-UDP-Domain-Active;d;In;17;5353;svc:dnscache;-37303;-37304; (UDP-In)
MDNS-In-UDP-Public-Active;uL;In;17;5353;svc:dnscache;-37303;-37304; (UDP-In)
MDNS-Out-UDP-Private-Active;pL;Out;17;<5353;svc:dnscache;-37305;-37306; (UDP-Out)
MDNS-Out-UDP-Domain-Active;d;Out;17;<5353;svc:dnscache;-37305;-37306; (UDP-Out)
MDNS-Out-UDP-Public-Active;uL;Out;17;<5353;svc:dnscache;-37305;-37306; (UDP-Out)

[-37402;on;0;Connected Devices Platform;接続済みデバイス プラットフォーム]
CDPSvc-In-TCP;dp;In;6;-;svc:CDPSvc;-37403;-37404; (TCP-In)
CDPSvc-Out-TCP;dp;Out;6;-;svc:CDPSvc;-37405;-37406; (TCP-Out)
CDPSvc-In-UDP;dp;In;17;-;svc:CDPSvc;-37407;-37408; (UDP-In)
CDPSvc-Out-UDP;dp;Out;17;-;svc:CDPSvc;-37409;-37410; (UDP-Out)

[-37002;on;0;AllJoyn Router;AllJoyn ルーター]
AllJoyn-Router-In-TCP;dp;In;6;9955;svc:AJRouter;-37003;-37004; (TCP-In)
AllJoyn-Router-Out-TCP;dp;Out;6;-;svc:AJRouter;-37005;-37006; (TCP-Out)
AllJoyn-Router-In-UDP;dp;In;17;-;svc:AJRouter;-37007;-37008; (UDP-In)
AllJoyn-Router-Out-UDP;dp;Out;17;-;svc:AJRouter;-37009;-37010; (UDP-Out)

[-37681;off;0;Netlogon Service;Netlogon サービス]
Netlogon-NamedPipe-In;*;In;6;445;System;-37682;-37683; (NP-In)
Netlogon-TCP-RPC-In;*;In;6;RPC;lsass.exe;-37684;-37685; Authz (RPC)

[-50323;off;0;SNMP Trap;SNMP トラップ]
SNMPTRAP-In-UDP;uL;In;17;162;snmptrap.exe;-50327;-50328; Service (UDP In)
SNMPTRAP-In-UDP-NoScope;d;In;17;162;snmptrap.exe;-50327;-50328; Service (UDP In)

[-31252;off;0;Windows Media Player Network Sharing Service;Windows Media Player ネットワーク共有サービス]
WMPNSS-QWave-In-UDP;pair;In;17;2177;svc:Qwave;-31253;-31256; (qWave-UDP-In)
WMPNSS-QWave-Out-UDP;pair;Out;17;<2177;svc:Qwave;-31257;-31260; (qWave-UDP-Out)
WMPNSS-QWave-In-TCP;pair;In;6;2177;svc:Qwave;-31261;-31264; (qWave-TCP-In)
WMPNSS-QWave-Out-TCP;pair;Out;6;<2177;svc:Qwave;-31265;-31268; (qWave-TCP-Out)
WMPNSS-SSDPSrv-In-UDP;*L;In;17;1900;svc:Ssdpsrv;-31269;-31272; (SSDP-In)
WMPNSS-SSDPSrv-Out-UDP;*L;Out;17;<1900;svc:Ssdpsrv;-31273;-31276; (SSDP-Out)
WMPNSS-UPnPHost-In-TCP;*L;In;6;2869;System;-31277;-31280; (UPnP-In)
WMPNSS-HTTPSTR-In-TCP;pair;In;6;10243;System;-31285;-31288; (HTTP-Streaming-In)
WMPNSS-HTTPSTR-Out-TCP;pair;Out;6;<10243;System;-31289;-31292; (HTTP-Streaming-Out)

[-36001;on;0;Cast to Device functionality;デバイスへのキャスト機能]
PlayTo-In-UDP-NoScope;d;In;17;-;mdeserver.exe;-36004;-36005; (RTP-Streaming-In)
PlayTo-In-UDP-LocalSubnetScope;pL;In;17;-;mdeserver.exe;-36004;-36005; (RTP-Streaming-In)
PlayTo-Out-UDP-NoScope;d;Out;17;-;mdeserver.exe;-36006;-36007; (RTP-Streaming-Out)
PlayTo-Out-UDP-LocalSubnetScope;pL;Out;17;-;mdeserver.exe;-36006;-36007; (RTP-Streaming-Out)
PlayTo-In-RTSP-NoScope;d;In;6;554;mdeserver.exe;-36008;-36009; (RTSP-Streaming-In)
PlayTo-In-RTSP-LocalSubnetScope;pL;In;6;554;mdeserver.exe;-36008;-36009; (RTSP-Streaming-In)
PlayTo-HTTPSTR-In-TCP-NoScope;d;In;6;10246;System;-36002;-36003; (HTTP-Streaming-In)
PlayTo-HTTPSTR-In-TCP-LocalSubnetScope;pL;In;6;10246;System;-36002;-36003; (HTTP-Streaming-In)
PlayTo-SSDP-Discovery-PlayToScope;*L;In;17;1900;svc:Ssdpsrv;-36104;-36105; SSDP Discovery (UDP-In)

[-36751;off;0;Remote Shutdown;リモート シャットダウン]
Wininit-Shutdown-In-Rule-TCP-RPC;*;In;6;RPC;wininit.exe;-36753;-36754; (RPC-In)
Wininit-Shutdown-In-Rule-TCP-RPC-EPMapper;*;In;6;RPC-EPMap;wininit.exe;-36755;-36756; (RPC-EP-In)

[-37502;on;0;Windows Device Management;Windows デバイス管理]
Microsoft-Windows-Enrollment-WinRT-TCP-Out;*;Out;6;-;svc:DmEnrollmentSvc;-37505;-37506; Enrollment Service (TCP out)
Microsoft-Windows-DeviceManagement-OmaDmClient-TCP-Out;*;Out;6;-;omadmclient.exe;-37511;-37512; Sync Client (TCP out)
"""

# How the Japanese texts differ from the English ones, longest first; what is not here stays as it is.
WORDS = {
    "Spooler Service Worker": "スプーラー サービス ワーカー",
    "Spooler Service": "スプーラー サービス",
    "Echo Request - ICMPv4": "エコー要求 - ICMPv4",
    "Echo Request - ICMPv6": "エコー要求 - ICMPv6",
    "ICMP Echo Request": "ICMP エコー要求",
    "NB-Session": "NB セッション",
    "NB-Name": "NB 名",
    "NB-Datagram": "NB データグラム",
    "User Mode": "ユーザー モード",
    "Shadow": "シャドウ",
    "Packet Too Big": "パケットが大きすぎる",
    "Router Solicitation": "ルーター要請",
    "Router Advertisement": "ルーター アドバタイズ",
    "Neighbor Discovery Solicitation": "近隣探索要請",
    "Neighbor Discovery Advertisement": "近隣探索アドバタイズ",
    "Destination Unreachable": "宛先到達不能",
    "Dynamic Host Configuration Protocol": "動的ホスト構成プロトコル",
    "Group Policy": "グループ ポリシー",
    "-In)": " 受信)",
    "-Out)": " 送信)",
    "(TCP out)": "(TCP 送信)",
}
