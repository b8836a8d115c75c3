#!powershell

#AnsibleRequires -CSharpUtil Ansible.Basic

# Reads what this machine is and changes nothing. No opinion is formed here: the controller compares.
# Everything Windows answers comes in through the functions of the first part; tests/contract puts stand-ins there.
# What cannot be read becomes a node with the key 'error', so that it is never taken for absent.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$HivePrefix = 'OffsiteEndpoints_'
# Where win_regedit loads a hive file for the time of one write, whoever runs it.
$ModuleHive = 'HKLM\ANSIBLE'
$ProfileList = 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
$CurrentVersion = 'HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion'
$Control = 'HKLM\SYSTEM\CurrentControlSet\Control'
$Servicing = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing'
$AppxStore = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Appx\AppxAllUserStore'
$WindowsUpdate = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update'

# ---- What Windows answers -------------------------------------------------------------------------------------------

function Open-RegistryKey {
    # Returns the key, to be disposed by the caller, or $null when there is none. Always the 64-bit view.
    param ([string]$Path)
    $parts = $Path.Split([char[]]'\', 2)
    $hives = @{ HKLM = [Microsoft.Win32.RegistryHive]::LocalMachine; HKU = [Microsoft.Win32.RegistryHive]::Users }
    if (-not $hives.ContainsKey($parts[0])) {
        throw "registry path '$Path' has to begin with HKLM\ or HKU\"
    }
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey($hives[$parts[0]], [Microsoft.Win32.RegistryView]::Registry64)
    if ($parts.Count -eq 1) {
        return $base
    }
    try {
        return $base.OpenSubKey($parts[1], $false)
    }
    finally {
        $base.Dispose()
    }
}

function Test-Process {
    param ([int]$Id)
    return $null -ne (Get-Process -Id $Id -ErrorAction SilentlyContinue)
}

function Invoke-HiveTool {
    # Runs reg.exe (it takes the backup and restore rights by itself) and returns its exit code and what it said, which is
    # in the machine's language and in the code page of its console.
    param ([string]$Arguments)
    $encoding = [System.Text.Encoding]::GetEncoding([int](Get-RegistryData -Path "$Control\Nls\CodePage" -Name 'OEMCP'))
    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'reg.exe')
    $start.Arguments = $Arguments
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.StandardOutputEncoding = $encoding
    $start.StandardErrorEncoding = $encoding
    $process = [System.Diagnostics.Process]::Start($start)
    try {
        $null = $process.StandardOutput.ReadToEnd()
        $said = $process.StandardError.ReadToEnd()
        $process.WaitForExit()
        return @{ code = $process.ExitCode; said = $said.Trim() }
    }
    finally {
        $process.Dispose()
    }
}

function Test-HiveFile {
    param ([string]$Path)
    return [System.IO.File]::Exists($Path)
}

function Get-FileData {
    # Returns $null, or whether it is a file, its size, and the version in its numbers (the text of one may be anything).
    param ([string]$Path)
    if ([System.IO.Directory]::Exists($Path)) {
        return @{ directory = $true }
    }
    if (-not [System.IO.File]::Exists($Path)) {
        return $null
    }
    $version = [System.Diagnostics.FileVersionInfo]::GetVersionInfo($Path)
    $parts = @($version.FileMajorPart, $version.FileMinorPart, $version.FileBuildPart, $version.FilePrivatePart)
    return @{ directory = $false; size = [System.IO.FileInfo]::new($Path).Length; version = [string]::Join('.', $parts) }
}

function Get-CimData {
    param ([string]$ClassName, [string]$Filter, [string[]]$Property, [string]$Namespace = 'root/cimv2')
    $arguments = @{ Namespace = $Namespace; ClassName = $ClassName; Property = $Property }
    if ($Filter) {
        $arguments['Filter'] = $Filter
    }
    return , @(Get-CimInstance -ErrorAction Stop @arguments)
}

function Get-AccountName {
    # Returns AUTHORITY\name of a user or group in this machine's language, or $null when the SID names nothing (any more).
    param ([string]$Sid)
    $identifier = [System.Security.Principal.SecurityIdentifier]::new($Sid)
    try {
        return $identifier.Translate([System.Security.Principal.NTAccount]).Value
    }
    catch [System.Security.Principal.IdentityNotMappedException] {
        return $null
    }
}

function Get-GroupMemberSid {
    # Returns one hashtable a member: its SID, and its ADSI path. Get-LocalGroupMember fails when a member is an orphan.
    param ([string]$Name)
    $computer = [System.Environment]::MachineName
    $group = [ADSI]"WinNT://$computer/$Name,group"
    $members = [System.Collections.Generic.List[object]]::new()
    foreach ($member in $group.psbase.Invoke('Members')) {
        $type = $member.GetType()
        $bytes = $type.InvokeMember('objectSid', 'GetProperty', $null, $member, $null)
        $sid = [System.Security.Principal.SecurityIdentifier]::new([byte[]]$bytes, 0)
        $members.Add(@{ sid = $sid.Value; path = [string]$type.InvokeMember('ADsPath', 'GetProperty', $null, $member, $null) })
    }
    return , $members
}

function Get-NetworkAdapter {
    # Returns description, status and kind of every adapter; both words come from .NET and are never localised.
    $adapters = [System.Collections.Generic.List[object]]::new()
    foreach ($adapter in [System.Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces()) {
        $adapters.Add(@{
                description = $adapter.Description
                status = $adapter.OperationalStatus.ToString()
                kind = $adapter.NetworkInterfaceType.ToString()
            })
    }
    return , $adapters
}

function Get-HostData {
    return @{
        ui_culture = [System.Globalization.CultureInfo]::InstalledUICulture.Name
        powershell = $PSVersionTable['PSVersion'].ToString()
    }
}

# ---- The registry ---------------------------------------------------------------------------------------------------

function Get-Reason {
    # Returns the innermost message: PowerShell wraps what .NET says in a sentence of its own.
    param ([System.Management.Automation.ErrorRecord]$ErrorRecord)
    $exception = $ErrorRecord.Exception
    while ($null -ne $exception.InnerException) {
        $exception = $exception.InnerException
    }
    if ($exception -is [System.Security.SecurityException] -or $exception -is [System.UnauthorizedAccessException]) {
        return 'access denied'
    }
    return $exception.Message
}

function New-Map {
    # A map whose keys keep their case apart: two spellings of a path that were asked for are two answers.
    return [System.Collections.Generic.Dictionary[string, object]]::new()
}

function ConvertTo-Hex {
    param ([byte[]]$Bytes)
    return [System.BitConverter]::ToString($Bytes).Replace('-', '').ToLowerInvariant()
}

function Read-RegistryNumber {
    # .NET gives signed numbers; the registry's are unsigned. Data that are longer than their type come as a longer number
    # or as bytes, shorter ones as bytes; but with Windows PowerShell's .NET as the number, filled up with zeros.
    param ([string]$Type, [object]$Data)
    if ($Type -eq 'REG_DWORD' -and $Data -is [int]) {
        return @{ type = $Type; data = [System.BitConverter]::ToUInt32([System.BitConverter]::GetBytes($Data), 0) }
    }
    if ($Type -eq 'REG_QWORD' -and $Data -is [long]) {
        return @{ type = $Type; data = [System.BitConverter]::ToUInt64([System.BitConverter]::GetBytes($Data), 0) }
    }
    $bytes = $Data
    if ($Data -isnot [byte[]]) {
        $bytes = [System.BitConverter]::GetBytes($Data)
    }
    return @{ error = "its type is $Type, but its data do not have that length: hexadecimal '$(ConvertTo-Hex -Bytes $bytes)'" }
}

function Read-RegistryValue {
    param ([object]$Key, [string]$Name)
    try {
        $kind = $Key.GetValueKind($Name).ToString()
        $data = $Key.GetValue($Name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
        if ($null -eq $data) {
            return @{ error = "registry data of kind $kind cannot be read" }
        }
        switch ($kind) {
            'String' { return @{ type = 'REG_SZ'; data = [string]$data } }
            'ExpandString' { return @{ type = 'REG_EXPAND_SZ'; data = [string]$data } }
            'MultiString' { return @{ type = 'REG_MULTI_SZ'; data = [string[]]$data } }
            'DWord' { return Read-RegistryNumber -Type 'REG_DWORD' -Data $data }
            'QWord' { return Read-RegistryNumber -Type 'REG_QWORD' -Data $data }
            'Binary' { return @{ type = 'REG_BINARY'; data = ConvertTo-Hex -Bytes $data } }
            'None' { return @{ type = 'REG_NONE'; data = ConvertTo-Hex -Bytes $data } }
        }
        return @{ error = "registry data of kind $kind is not supported" }
    }
    catch {
        return @{ error = Get-Reason -ErrorRecord $_ }
    }
}

function Get-LeftOutName {
    # Returns the names of those of a key's values that are a text with one of these pieces in it.
    param ([object]$Key, [string[]]$Without)
    $names = [System.Collections.Generic.HashSet[string]]::new()
    if ($Without.Count -eq 0) {
        return , $names
    }
    foreach ($name in $Key.GetValueNames()) {
        try {
            $text = $Key.GetValue($name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
        }
        catch {
            # Reading it says why.
            continue
        }
        foreach ($piece in $Without) {
            if ($text -is [string] -and $text.IndexOf($piece, [System.StringComparison]::OrdinalIgnoreCase) -ge 0) {
                $null = $names.Add($name)
                break
            }
        }
    }
    return , $names
}

function Read-RegistryKey {
    # $Without holds pieces of texts: a value that only * asks for is left out when one of them is in it.
    param ([string]$Path, [string[]]$Values, [int]$Depth, [string[]]$Without = @())
    $key = $null
    try {
        $key = Open-RegistryKey -Path $Path
        if ($null -eq $key) {
            return @{ exists = $false }
        }
        $found = New-Map
        $leftOut = Get-LeftOutName -Key $key -Without $Without
        foreach ($name in $key.GetValueNames()) {
            foreach ($pattern in $Values) {
                if ($name -like $pattern -and -not ($pattern -eq '*' -and $leftOut.Contains($name))) {
                    $found[$name] = Read-RegistryValue -Key $key -Name $name
                    break
                }
            }
        }
        $subkeys = New-Map
        if ($Depth -gt 0) {
            foreach ($name in $key.GetSubKeyNames()) {
                $subkeys[$name] = Read-RegistryKey -Path "$Path\$name" -Values $Values -Depth ($Depth - 1) -Without $Without
            }
        }
        return @{ exists = $true; values = $found; keys = $subkeys }
    }
    catch {
        return @{ error = Get-Reason -ErrorRecord $_ }
    }
    finally {
        if ($null -ne $key) {
            $key.Dispose()
        }
    }
}

function Get-RegistryData {
    # Returns the data of one value of this machine's own settings, or $null. Only for values that are text or numbers.
    param ([string]$Path, [string]$Name)
    $node = Read-RegistryKey -Path $Path -Values @([System.Management.Automation.WildcardPattern]::Escape($Name)) -Depth 0
    if ($node.ContainsKey('error')) {
        throw $node['error']
    }
    if (-not $node['exists'] -or -not $node['values'].ContainsKey($Name)) {
        return $null
    }
    $value = $node['values'][$Name]
    if ($value.ContainsKey('error')) {
        throw "$Path $Name`: $($value['error'])"
    }
    return $value['data']
}

function Test-RegistryKey {
    param ([string]$Path)
    $node = Read-RegistryKey -Path $Path -Values @() -Depth 0
    if ($node.ContainsKey('error')) {
        throw $node['error']
    }
    return $node['exists']
}

function Get-SubKeyName {
    param ([string]$Path)
    $key = Open-RegistryKey -Path $Path
    if ($null -eq $key) {
        return , @()
    }
    try {
        return , @($key.GetSubKeyNames())
    }
    finally {
        $key.Dispose()
    }
}

function Read-RegistryRequest {
    # Answers a list of asks below one root ('' for the machine's own hives).
    param ([object[]]$Requests, [string]$Root)
    $answers = New-Map
    foreach ($request in $Requests) {
        $path = $request['path']
        $ask = @{ Values = $request['values']; Depth = $request['depth']; Without = $request['without'] }
        $answers[$path] = Read-RegistryKey -Path ($Root + $path.TrimEnd('\')) @ask
    }
    return $answers
}

# ---- Users' hives ---------------------------------------------------------------------------------------------------

function Dismount-Hive {
    # Returns whether the hive is unloaded. A handle that waits for the garbage collector keeps it loaded, hence the tries.
    param ([string]$Mount)
    for ($try = 1; $try -le 5; $try++) {
        [System.GC]::Collect()
        [System.GC]::WaitForPendingFinalizers()
        if ((Invoke-HiveTool -Arguments "unload ""$Mount""")['code'] -eq 0) {
            return $true
        }
        Start-Sleep -Milliseconds (100 * $try)
    }
    return $false
}

function Get-HiveMount {
    # Returns where the registry has a hive file loaded, by its own list, which has paths of devices; $null when nowhere.
    param ([string]$File)
    $tail = $File.Substring($File.IndexOf('\'))
    $list = Read-RegistryKey -Path "$Control\hivelist" -Values @('*') -Depth 0
    if (-not $list.ContainsKey('values')) {
        return $null
    }
    foreach ($mount in $list['values'].Keys) {
        $path = [string]$list['values'][$mount]['data']
        if ($path.EndsWith($tail, [System.StringComparison]::OrdinalIgnoreCase)) {
            return $mount -replace '^\\REGISTRY\\USER\\', 'HKU\' -replace '^\\REGISTRY\\MACHINE\\', 'HKLM\'
        }
    }
    return $null
}

function Clear-HiveLeftover {
    # A run that was cut off leaves hives loaded, and Windows then makes the user a temporary profile at the next logon.
    # What another run is reading at this moment is its own: the name says by which process.
    param ([System.Collections.Generic.List[string]]$Warnings)
    $mounts = [System.Collections.Generic.List[string]]::new()
    foreach ($name in (Get-SubKeyName -Path 'HKU')) {
        if ($name.StartsWith($HivePrefix, [System.StringComparison]::OrdinalIgnoreCase)) {
            $reader = $name.Substring($HivePrefix.Length).Split([char]'_')[0] -as [int]
            if ($null -eq $reader -or -not (Test-Process -Id $reader)) {
                $mounts.Add("HKU\$name")
            }
        }
    }
    if (Test-RegistryKey -Path $ModuleHive) {
        $mounts.Add($ModuleHive)
    }
    foreach ($mount in $mounts) {
        if (Dismount-Hive -Mount $mount) {
            $Warnings.Add("unloaded the registry hive $mount, which an earlier run had left loaded")
        }
        else {
            $Warnings.Add("the registry hive $mount, left by an earlier run, cannot be unloaded; restart the machine")
        }
    }
}

function Read-UserRegistry {
    # Answers the asks from one user's hive and says where it was: loaded, in its file, or missing.
    param ([string]$Sid, [string]$ProfilePath, [object[]]$Requests, [System.Collections.Generic.List[string]]$Warnings)
    $user = @{ name = $null; profile_path = $ProfilePath; hive = 'loaded'; logged_on = $false }
    try {
        if ($Sid -ne 'default') {
            $user['name'] = Get-AccountName -Sid $Sid
        }
    }
    catch {
        # Nobody can tell the name now, such as a domain controller that is out of reach; all else is read.
        $user['name'] = $null
    }
    if ($Sid -ne 'default' -and (Test-RegistryKey -Path "HKU\$Sid")) {
        $user['logged_on'] = Test-RegistryKey -Path "HKU\$Sid\Volatile Environment"
        $user['registry'] = Read-RegistryRequest -Requests $Requests -Root "HKU\$Sid\"
        # What is gone now may have been gone all the time, and nothing in it would be there.
        if (-not (Test-RegistryKey -Path "HKU\$Sid")) {
            throw "the registry hive of $Sid was unloaded while it was read, by a log-off; run again"
        }
        return $user
    }
    $file = "$ProfilePath\NTUSER.DAT"
    if (-not (Test-HiveFile -Path $file)) {
        $user['hive'] = 'missing'
        $user['registry'] = New-Map
        foreach ($request in $Requests) {
            $user['registry'][$request['path']] = @{ exists = $false }
        }
        return $user
    }
    $user['hive'] = 'file'
    # Never under the SID itself: Windows needs that name when the user logs on meanwhile.
    $mount = "HKU\$HivePrefix$PID`_$Sid"
    $done = Invoke-HiveTool -Arguments "load ""$mount"" ""$file"""
    if ($done['code'] -ne 0) {
        $holder = Get-HiveMount -File $file
        $where = 'it is no registry hive that is loaded'
        if ($null -ne $holder) {
            $where = "it is loaded at $holder"
        }
        $reason = "$file cannot be loaded: reg.exe ended with $($done['code']) ($($done['said'])); $where"
        $user['registry'] = New-Map
        foreach ($request in $Requests) {
            $user['registry'][$request['path']] = @{ error = $reason }
        }
        return $user
    }
    $gone = $false
    try {
        $user['registry'] = Read-RegistryRequest -Requests $Requests -Root "$mount\"
        $gone = -not (Test-RegistryKey -Path $mount)
    }
    finally {
        if (-not $gone -and -not (Dismount-Hive -Mount $mount)) {
            $Warnings.Add("the registry hive $mount cannot be unloaded; restart the machine before $Sid logs on")
        }
    }
    if ($gone) {
        throw "$file was unloaded while it was read, by another run or a program; run again"
    }
    return $user
}

function Read-User {
    param ([object[]]$Requests, [System.Collections.Generic.List[string]]$Warnings)
    $users = New-Map
    if ($Requests.Count -eq 0) {
        return $users
    }
    try {
        Clear-HiveLeftover -Warnings $Warnings
    }
    catch {
        $Warnings.Add("registry hives that an earlier run had left loaded cannot be unloaded: $(Get-Reason -ErrorRecord $_)")
    }
    $profiles = New-Map
    foreach ($sid in (Get-SubKeyName -Path $ProfileList)) {
        # A name that ends in .bak is what Windows sets aside when a profile failed to load.
        if (($sid -like 'S-1-5-21-*' -or $sid -like 'S-1-12-1-*') -and $sid -notlike '*.bak') {
            $profiles[$sid] = @("$ProfileList\$sid", 'ProfileImagePath')
        }
    }
    $profiles['default'] = @($ProfileList, 'Default')
    foreach ($sid in $profiles.Keys) {
        try {
            $path = Get-RegistryData -Path $profiles[$sid][0] -Name $profiles[$sid][1]
            if ($path -isnot [string]) {
                throw "ProfileList names no folder for $sid"
            }
            $path = [System.Environment]::ExpandEnvironmentVariables($path).TrimEnd('\')
            $users[$sid] = Read-UserRegistry -Sid $sid -ProfilePath $path -Requests $Requests -Warnings $Warnings
        }
        catch {
            $users[$sid] = @{ error = Get-Reason -ErrorRecord $_ }
        }
    }
    return $users
}

# ---- The other nodes ------------------------------------------------------------------------------------------------

function Test-Domain {
    $joined = $false
    foreach ($computer in (Get-CimData -ClassName 'Win32_ComputerSystem' -Filter '' -Property 'PartOfDomain')) {
        $joined = [bool]$computer.PartOfDomain
    }
    return $joined
}

function Read-System {
    $words = Get-HostData
    $names = "$Control\ComputerName\ActiveComputerName"
    $variables = "$Control\Session Manager\Environment"
    return @{
        computer_name = Read-Node -Read { Get-RegistryData -Path $names -Name 'ComputerName' }
        edition_id = Read-Node -Read { Get-RegistryData -Path $CurrentVersion -Name 'EditionID' }
        installation_type = Read-Node -Read { Get-RegistryData -Path $CurrentVersion -Name 'InstallationType' }
        display_version = Read-Node -Read { Get-RegistryData -Path $CurrentVersion -Name 'DisplayVersion' }
        build = Read-Node -Read { [int](Get-RegistryData -Path $CurrentVersion -Name 'CurrentBuild') }
        ubr = Read-Node -Read { [int](Get-RegistryData -Path $CurrentVersion -Name 'UBR') }
        ui_culture = $words['ui_culture']
        architecture = Read-Node -Read { Get-RegistryData -Path $variables -Name 'PROCESSOR_ARCHITECTURE' }
        powershell = $words['powershell']
        part_of_domain = Read-Node -Read { Test-Domain }
    }
}

function Read-Service {
    param ([string[]]$Names)
    if ($Names.Count -lt 2) {
        return Find-Service -Names $Names
    }
    try {
        return Find-Service -Names $Names
    }
    catch {
        # One call for all of them. When it fails each is asked for by itself, so that one does not hide the others.
        $services = New-Map
        foreach ($name in $Names) {
            $services[$name] = Read-Node -Read { (Find-Service -Names @($name))[$name] }
        }
        return $services
    }
}

function Find-Service {
    param ([string[]]$Names)
    $services = New-Map
    if ($Names.Count -eq 0) {
        return $services
    }
    $terms = [System.Collections.Generic.List[string]]::new()
    foreach ($name in $Names) {
        $services[$name] = @{ exists = $false }
        $terms.Add("Name='" + $name.Replace('\', '\\').Replace("'", "\'") + "'")
    }
    $filter = [string]::Join(' OR ', $terms)
    foreach ($service in (Get-CimData -ClassName 'Win32_Service' -Filter $filter -Property 'Name', 'StartMode', 'State')) {
        foreach ($name in $Names) {
            if ($name -eq $service.Name) {
                $services[$name] = @{ exists = $true; start_mode = $service.StartMode; state = $service.State }
            }
        }
    }
    return $services
}

function Read-Group {
    param ([string]$Sid)
    try {
        $name = Get-AccountName -Sid $Sid
        if ($null -eq $name) {
            return @{ exists = $false }
        }
        $name = $name.Substring($name.LastIndexOf('\') + 1)
        $members = [System.Collections.Generic.List[object]]::new()
        foreach ($member in (Get-GroupMemberSid -Name $name)) {
            # WinNT://DOMAIN/COMPUTER/name, WinNT://DOMAIN/name, or WinNT://S-1-5-21-... for one that resolves to nothing.
            $parts = $member['path'].Substring('WinNT://'.Length).Split('/')
            $account = $null
            if ($parts.Count -gt 1) {
                $account = $parts[$parts.Count - 2] + '\' + $parts[$parts.Count - 1]
            }
            $members.Add(@{ sid = $member['sid']; name = $account })
        }
        return @{ exists = $true; name = $name; members = $members }
    }
    catch {
        return @{ error = Get-Reason -ErrorRecord $_ }
    }
}

function Read-GroupList {
    param ([string[]]$Sids)
    $groups = New-Map
    foreach ($sid in $Sids) {
        $groups[$sid] = Read-Group -Sid $sid
    }
    return $groups
}

function Read-FileList {
    param ([string[]]$Paths)
    $files = New-Map
    foreach ($path in $Paths) {
        $files[$path] = Read-Node -Read {
            $found = Get-FileData -Path $path
            if ($null -eq $found) {
                return @{ exists = $false }
            }
            if ($found['directory']) {
                return @{ exists = $true; type = 'directory' }
            }
            return @{ exists = $true; type = 'file'; size = $found['size']; version = $found['version'] }
        }
    }
    return $files
}

function Read-Appx {
    # Returns the full names of a family's packages, of every user and of those that new users get.
    param ([string]$Family)
    $cut = $Family.LastIndexOf('_')
    $pattern = $Family.Substring(0, $cut) + '_*_' + $Family.Substring($cut + 1)
    $names = [System.Collections.Generic.SortedSet[string]]::new([System.StringComparer]::OrdinalIgnoreCase)
    foreach ($owner in (Get-SubKeyName -Path $AppxStore)) {
        foreach ($name in (Get-SubKeyName -Path "$AppxStore\$owner")) {
            if ($name -like $pattern) {
                $null = $names.Add($name)
            }
        }
    }
    return @{ exists = ($names.Count -gt 0); packages = @($names) }
}

function Read-AppxList {
    param ([string[]]$Families)
    $found = New-Map
    foreach ($family in $Families) {
        $found[$family] = Read-Node -Read { Read-Appx -Family $family }
    }
    return $found
}

function Read-ConnectedNetwork {
    # Returns the networks that the machine is on now, with Windows' own numbers for what it takes each for.
    $numbers = 'NetworkCategory', 'IPv4Connectivity', 'IPv6Connectivity'
    $ask = @{ Namespace = 'root/StandardCimv2'; ClassName = 'MSFT_NetConnectionProfile'; Filter = '' }
    $networks = [System.Collections.Generic.List[object]]::new()
    foreach ($network in (Get-CimData @ask -Property (@('Name', 'InterfaceAlias') + $numbers))) {
        $networks.Add(@{
                name = $network.Name
                interface = $network.InterfaceAlias
                category = [int]$network.NetworkCategory
                ipv4 = [int]$network.IPv4Connectivity
                ipv6 = [int]$network.IPv6Connectivity
            })
    }
    return @{ exists = ($networks.Count -gt 0); connected = $networks }
}

function Read-NetworkList {
    param ([string[]]$Names)
    $found = New-Map
    foreach ($name in $Names) {
        $found[$name] = Read-Node -Read { Read-ConnectedNetwork }
    }
    return $found
}

function Test-FileRename {
    $renames = Get-RegistryData -Path "$Control\Session Manager" -Name 'PendingFileRenameOperations'
    return ($null -ne $renames -and @($renames).Count -gt 0)
}

function Test-ComputerRename {
    $now = Get-RegistryData -Path "$Control\ComputerName\ActiveComputerName" -Name 'ComputerName'
    $next = Get-RegistryData -Path "$Control\ComputerName\ComputerName" -Name 'ComputerName'
    return ($now -ne $next)
}

function Read-RebootPending {
    return @{
        component_based_servicing = Read-Node -Read { Test-RegistryKey -Path "$Servicing\RebootPending" }
        windows_update = Read-Node -Read { Test-RegistryKey -Path "$WindowsUpdate\RebootRequired" }
        file_rename = Read-Node -Read { Test-FileRename }
        computer_rename = Read-Node -Read { Test-ComputerRename }
    }
}

function Read-Tunnel {
    # FortiClient's own adapters, and every RAS (PPP) link: those exist only while they are up.
    $adapters = [System.Collections.Generic.List[object]]::new()
    $active = $false
    foreach ($adapter in (Get-NetworkAdapter)) {
        $description = $adapter['description']
        if ($description -like 'Fortinet SSL VPN*' -or $description -like 'Fortinet Virtual Ethernet*' -or
            $description -like 'PPPoP*' -or $adapter['kind'] -eq 'Ppp') {
            $adapters.Add(@{ description = $description; status = $adapter['status'] })
            if ($adapter['status'] -eq 'Up') {
                $active = $true
            }
        }
    }
    return @{ active = $active; adapters = $adapters }
}

function Read-Node {
    # One node or value of the document; what fails in it is its error and leaves the others alone.
    param ([scriptblock]$Read)
    try {
        return (& $Read)
    }
    catch {
        return @{ error = Get-Reason -ErrorRecord $_ }
    }
}

function Get-EndpointState {
    param ([System.Collections.IDictionary]$Request, [System.Collections.Generic.List[string]]$Warnings)
    return @{
        schema = 1
        platform = 'Windows'
        system = Read-Node -Read { Read-System }
        registry = Read-Node -Read { Read-RegistryRequest -Requests $Request['registry'] -Root '' }
        users = Read-Node -Read { Read-User -Requests $Request['user_registry'] -Warnings $Warnings }
        services = Read-Node -Read { Read-Service -Names $Request['services'] }
        groups = Read-Node -Read { Read-GroupList -Sids $Request['groups'] }
        files = Read-Node -Read { Read-FileList -Paths $Request['files'] }
        appx = Read-Node -Read { Read-AppxList -Families $Request['appx'] }
        networks = Read-Node -Read { Read-NetworkList -Names $Request['networks'] }
        reboot_pending = Read-Node -Read { Read-RebootPending }
        tunnel = Read-Node -Read { Read-Tunnel }
    }
}

# ---- The module -----------------------------------------------------------------------------------------------------

function Get-AskSpec {
    return @{
        type = 'list'
        elements = 'dict'
        default = @()
        options = @{
            path = @{ type = 'str'; required = $true }
            values = @{ type = 'list'; elements = 'str'; default = @('*') }
            depth = @{ type = 'int'; default = 0 }
            without = @{ type = 'list'; elements = 'str'; default = @() }
        }
    }
}

$spec = @{
    options = @{
        registry = Get-AskSpec
        user_registry = Get-AskSpec
        services = @{ type = 'list'; elements = 'str'; default = @() }
        groups = @{ type = 'list'; elements = 'str'; default = @() }
        files = @{ type = 'list'; elements = 'str'; default = @() }
        appx = @{ type = 'list'; elements = 'str'; default = @() }
        networks = @{ type = 'list'; elements = 'str'; choices = @('connected'); default = @() }
    }
    supports_check_mode = $true
}
$module = [Ansible.Basic.AnsibleModule]::Create($args, $spec)
$warnings = [System.Collections.Generic.List[string]]::new()
$module.Result.document = Get-EndpointState -Request $module.Params -Warnings $warnings
foreach ($warning in $warnings) {
    $module.Warn($warning)
}
$module.ExitJson()
