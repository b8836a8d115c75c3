# Runs the vectors against the scripts themselves, in Windows PowerShell 5.1 or PowerShell 7 on any system.
# run_vectors.py starts it. CallFile: a JSON list of calls. AnswerFile: one line of JSON a call. ModuleUtils: Ansible's folder of
# that name. What a script would ask of Windows is answered by the functions below, which take the place of the script's own of
# the same names.

param (
    [Parameter(Mandatory = $true)] [string]$CallFile,
    [Parameter(Mandatory = $true)] [string]$AnswerFile,
    [Parameter(Mandatory = $true)] [string]$ModuleUtils
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function New-KeyStandIn {
    # A registry key with the methods of Microsoft.Win32.RegistryKey that the scripts use, over a list of values.
    param ([object]$Key)
    $standIn = [pscustomobject]@{ Key = $Key }
    $standIn | Add-Member -MemberType ScriptMethod -Name GetValueNames -Value {
        $names = [System.Collections.Generic.List[string]]::new()
        foreach ($value in $this.Key.values) { $names.Add($value.name) }
        return , $names.ToArray()
    }
    $standIn | Add-Member -MemberType ScriptMethod -Name GetSubKeyNames -Value { return , [string[]]@($this.Key.keys) }
    $standIn | Add-Member -MemberType ScriptMethod -Name GetValueKind -Value {
        param ($Name)
        foreach ($value in $this.Key.values) {
            if ($value.name -eq $Name) { return [Microsoft.Win32.RegistryValueKind]$value.kind }
        }
    }
    $standIn | Add-Member -MemberType ScriptMethod -Name GetValue -Value {
        param ($Name, $Default, $Options)
        if ($Options -ne [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames) {
            throw 'values have to be read unexpanded'
        }
        foreach ($value in $this.Key.values) {
            if ($value.name -eq $Name) {
                if ($value.too_long -eq 'long') { return [long]$value.data }
                if ($value.too_long -eq 'bytes') { return , [byte[]]@($value.data) }
                switch ($value.kind) {
                    'DWord' { return [int]$value.data }
                    'QWord' { return [long]$value.data }
                    'MultiString' { return , [string[]]@($value.data) }
                    'Binary' { return , [byte[]]@($value.data) }
                    'None' { return , [byte[]]@($value.data) }
                    default { return [string]$value.data }
                }
            }
        }
        return $Default
    }
    $standIn | Add-Member -MemberType ScriptMethod -Name Dispose -Value { $global:OpenKeys-- }
    $global:OpenKeys++
    return $standIn
}

$readerStandIns = {
    function Open-RegistryKey {
        param ([string]$Path)
        if ($Path -ne 'HKU' -and $Path -notlike 'HKLM\*' -and $Path -notlike 'HKU\*') {
            throw "registry path '$Path' has to begin with HKLM\ or HKU\"
        }
        if ($Path -eq 'HKU') {
            $names = @(foreach ($hive in $global:Machine.hives) { if ($hive.mount -like 'HKU\*') { $hive.mount.Substring(4) } })
            return New-KeyStandIn -Key ([pscustomobject]@{ values = @(); keys = $names })
        }
        $keys = $global:Machine.registry
        $path = $Path
        $parts = $Path.Split([char[]]'\', 3)
        $mount = $parts[0] + '\' + $parts[1]
        if ($mount -like 'HKU\*' -or $mount -eq 'HKLM\ANSIBLE') {
            $keys = @()
            $path = ''
            if ($parts.Count -eq 3) { $path = $parts[2] }
            foreach ($hive in $global:Machine.hives) {
                if ($hive.mount -eq $mount) { $keys = $hive.keys }
                # Somebody else unloads it before its first key is read.
                if ($hive.mount -eq $mount -and $hive.taken) {
                    $hive.mount = $null
                    $keys = @()
                }
            }
        }
        foreach ($key in $keys) {
            if ($key.path -eq $path) { return New-KeyStandIn -Key $key }
        }
        return $null
    }

    function Invoke-HiveTool {
        param ([string]$Arguments)
        if ($global:OpenKeys -ne 0) { throw "$global:OpenKeys registry keys are still open" }
        if ($Arguments -match '^load "(?<mount>HKU\\[^"]+)" "(?<file>[^"]+)"$') {
            foreach ($hive in $global:Machine.hives) {
                if ($hive.file -eq $Matches['file'] -and -not $hive.mount) {
                    $hive.mount = $Matches['mount']
                    return @{ code = 0; said = '' }
                }
            }
            $said = 'ERROR: The process cannot access the file because it is being used by another process.'
            return @{ code = 1; said = $said }
        }
        if ($Arguments -match '^unload "(?<mount>(HKU|HKLM)\\[^"]+)"$') {
            foreach ($hive in $global:Machine.hives) {
                if ($hive.mount -eq $Matches['mount']) {
                    $hive.mount = $null
                    return @{ code = 0; said = '' }
                }
            }
            return @{ code = 1; said = 'ERROR: The parameter is incorrect.' }
        }
        throw "reg.exe was called with: $Arguments"
    }

    function Test-Process {
        param ([int]$Id)
        return $global:Machine.processes -contains $Id
    }

    function Test-HiveFile {
        param ([string]$Path)
        foreach ($hive in $global:Machine.hives) { if ($hive.file -eq $Path) { return $true } }
        return $false
    }

    function Get-FileData {
        param ([string]$Path)
        foreach ($file in $global:Machine.files) {
            if ($file.path -eq $Path -and $file.directory) { return @{ directory = $true } }
            if ($file.path -eq $Path) { return @{ directory = $false; size = $file.size; version = $file.version } }
        }
        return $null
    }

    function Get-CimData {
        param ([string]$ClassName, [string]$Filter, [string[]]$Property, [string]$Namespace = 'root/cimv2')
        if ($ClassName -eq 'Win32_ComputerSystem') {
            return , @([pscustomobject]@{ PartOfDomain = $global:Machine.part_of_domain })
        }
        if ("$Namespace/$ClassName" -eq 'root/StandardCimv2/MSFT_NetConnectionProfile') {
            # Windows has them as unsigned numbers of its own sizes.
            return , @(foreach ($network in $global:Machine.networks) {
                    [pscustomobject]@{
                        Name = $network.name; InterfaceAlias = $network.interface; NetworkCategory = [uint32]$network.category
                        IPv4Connectivity = [uint16]$network.ipv4; IPv6Connectivity = [uint16]$network.ipv6
                    }
                })
        }
        return , @(foreach ($service in $global:Machine.services) {
                if ($Filter -like "*Name='$($service.Name)'*") {
                    if ($service.Error) { throw $service.Error }
                    $service
                }
            })
    }

    function Get-AccountName {
        param ([string]$Sid)
        foreach ($group in $global:Machine.groups) { if ($group.sid -eq $Sid) { return "BUILTIN\$($group.name)" } }
        foreach ($account in $global:Machine.accounts) { if ($account.sid -eq $Sid) { return $account.name } }
        return $null
    }

    function Get-GroupMemberSid {
        param ([string]$Name)
        $members = [System.Collections.Generic.List[object]]::new()
        foreach ($group in $global:Machine.groups) {
            if ($group.name -eq $Name) {
                foreach ($member in $group.members) { $members.Add(@{ sid = $member.sid; path = $member.path }) }
            }
        }
        return , $members
    }

    function Get-NetworkAdapter {
        $adapters = [System.Collections.Generic.List[object]]::new()
        foreach ($adapter in $global:Machine.adapters) {
            $adapters.Add(@{ description = $adapter.description; status = $adapter.status; kind = $adapter.kind })
        }
        return , $adapters
    }

    function Get-HostData {
        return @{ ui_culture = $global:Machine.ui_culture; powershell = $global:Machine.powershell }
    }
}

$writerStandIns = {
    function Get-FirewallRuleData {
        param ([string]$Name)
        foreach ($rule in $global:Machine.rules) {
            if ($rule.name -eq $Name) {
                $profiles = if (@($rule.profiles).Count -eq 3) { 'Any' } else { [string]::Join(', ', @($rule.profiles)) }
                return @{
                    enabled = [bool]$rule.enabled; remote_address = @($rule.remote_address); profiles = $profiles
                }
            }
        }
        return $null
    }

    function Set-FirewallRuleData {
        param ([string]$Name, [hashtable]$Change)
        foreach ($rule in $global:Machine.rules) {
            if ($rule.name -eq $Name) {
                if ($Change.ContainsKey('RemoteAddress')) { $rule.remote_address = @($Change['RemoteAddress']) }
                if ($Change.ContainsKey('Profile')) {
                    $reported = $Change['Profile']
                    $rule.profiles = @(if ($reported -eq 'Any') { 'Domain', 'Private', 'Public' } else { $reported.Split(',') })
                }
                if ($Change.ContainsKey('Enabled')) { $rule.enabled = $Change['Enabled'] -eq 'True' }
            }
        }
    }
}

$connectionStandIns = {
    function Get-ConnectionData {
        param ([string]$Connection)
        foreach ($known in $global:Machine.connections) {
            if ($known.name -eq $Connection) {
                $data = @{}
                foreach ($property in $known.PSObject.Properties) {
                    if ($property.Name -ne 'name') { $data[$property.Name] = $property.Value }
                }
                return $data
            }
        }
        return @{ exists = $false }
    }

    function Add-ConnectionData {
        param ([string]$Connection, [hashtable]$Settings)
        $made = @{ name = $Connection; exists = $true; in_use = $false; proxy_script = ''; auto_detect = $false }
        $made['plugin'] = ''
        $made['server_address'] = ''
        $made['custom_configuration'] = ''
        $global:Machine.connections = @($global:Machine.connections) + [pscustomobject]$made
        Set-ConnectionData -Connection $Connection -Settings $Settings
    }

    function Set-ConnectionData {
        param ([string]$Connection, [hashtable]$Settings)
        foreach ($known in $global:Machine.connections) {
            if ($known.name -eq $Connection) {
                $known.plugin = $Settings['PlugInApplicationID']
                $known.server_address = $Settings['ServerAddress']
                $known.custom_configuration = $Settings['CustomConfiguration'].OuterXml
            }
        }
    }

    function Set-ConnectionProxyData {
        param ([string]$Connection, [hashtable]$Settings)
        foreach ($known in $global:Machine.connections) {
            if ($known.name -eq $Connection) {
                $known.auto_detect = $Settings['AutoDetect']
                if ($Settings.ContainsKey('AutoConfigurationScript')) {
                    $known.proxy_script = $Settings['AutoConfigurationScript']
                }
            }
        }
    }

    function Remove-ConnectionData {
        param ([string]$Connection)
        $left = foreach ($known in $global:Machine.connections) { if ($known.name -ne $Connection) { $known } }
        $global:Machine.connections = @($left)
    }
}

$restoreStandIns = {
    function Get-RestorePointNumber {
        $newest = 0
        foreach ($point in $global:Machine.restore.points) { $newest = [System.Math]::Max($newest, $point.number) }
        return $newest
    }

    function Enable-Protection {
        if ($global:Machine.restore.off) { throw 'System Restore is turned off by your system administrator.' }
    }

    function New-RestorePoint {
        param ([string]$Description)
        if ($global:Machine.restore.broken) { throw 'The service cannot be started because it is disabled (VSS).' }
        $minutes = 1440
        if ($null -ne $global:Machine.restore.frequency) { $minutes = $global:Machine.restore.frequency }
        foreach ($point in $global:Machine.restore.points) { if ($point.age_hours * 60 -lt $minutes) { return } }
        $made = [pscustomobject]@{ number = (Get-RestorePointNumber) + 1; age_hours = 0 }
        $global:Machine.restore.points = @($global:Machine.restore.points) + $made
    }

    function Get-Frequency { return $global:Machine.restore.frequency }

    function Set-Frequency {
        param ([AllowNull()] [object]$Minutes)
        $global:Machine.restore.frequency = $Minutes
    }
}

$installStandIns = {
    function Get-FreeSize { return $global:Machine.install.free_bytes }

    function Get-BatteryStatus { return , @($global:Machine.install.battery_status) }

    function Get-SessionSid { return , @($global:Machine.install.logged_on) }

    function Get-SignatureData {
        param ([string]$Path)
        foreach ($package in $global:Machine.install.packages) {
            if ($package.path -eq $Path) { return @{ status = $package.SignatureStatus; signer = $package.Signer } }
        }
    }

    function Get-MsiProperty {
        param ([string]$Path, [string[]]$Names)
        foreach ($package in $global:Machine.install.packages) {
            if ($package.path -eq $Path) {
                $found = @{}
                foreach ($name in $Names) { $found[$name] = $package.$name }
                return $found
            }
        }
        throw 'OpenDatabase,DatabasePath,OpenMode'
    }
}

$rebootStandIns = {
    function Test-LocalKey {
        param ([string]$Path)
        return $global:Machine.volatile_keys -contains $Path
    }

    function New-VolatileKey {
        param ([string]$Path)
        $made = [System.Collections.Generic.List[string]]::new()
        foreach ($key in $global:Machine.volatile_keys) { $made.Add($key) }
        # Windows makes the keys on the way, too.
        $parent = $Path.Substring(0, $Path.LastIndexOf('\'))
        foreach ($key in $parent, $Path) { if (-not $made.Contains($key)) { $made.Add($key) } }
        $global:Machine.volatile_keys = $made.ToArray()
    }
}

$storeStandIns = {
    function Get-ProvisionedName { return , @($global:Machine.store.provisioned) }

    function Add-ProvisionedPackage {
        param ([string]$Path)
        foreach ($file in $global:Machine.store.files) {
            if ($file.path -eq $Path -and $file.SignatureStatus -ne 'Valid') {
                throw 'No signature was present in the subject.'
            }
            if ($file.path -eq $Path) {
                $global:Machine.store.provisioned = @($global:Machine.store.provisioned) + $file.PackageFullName
            }
        }
    }

    function Remove-ProvisionedPackage {
        param ([string]$Name)
        $global:Machine.store.provisioned = @(foreach ($known in $global:Machine.store.provisioned) {
                if ($known -ne $Name) { $known }
            })
    }
}

$leaveStandIns = {
    function Register-Removal {
        param ([string]$Script, [int]$Seconds)
        $global:Machine.leaving = @("$Script -Remove in $Seconds s")
    }
}

$standIns = @{
    leave_enrollment = $leaveStandIns.ToString()
    store_package = $storeStandIns.ToString()
    require_reboot = $rebootStandIns.ToString()
    set_firewall_rule = $writerStandIns.ToString()
    restore_point = $restoreStandIns.ToString()
    set_vpn_connection = $connectionStandIns.ToString()
    install_facts = $installStandIns.ToString()
}

function ConvertTo-Dictionary {
    param ([object]$Object)
    $result = @{}
    foreach ($property in $Object.PSObject.Properties) { $result[$property.Name] = $property.Value }
    return $result
}

function ConvertTo-Argument {
    # What ConvertFrom-Json gives, as Ansible hands arguments to a module: hashtables and lists.
    param ([object]$Value)
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $result = @{}
        foreach ($property in $Value.PSObject.Properties) {
            $result[$property.Name] = ConvertTo-Argument -Value $property.Value
        }
        return $result
    }
    if ($Value -is [object[]]) {
        $items = [System.Collections.Generic.List[object]]::new()
        foreach ($item in $Value) { $items.Add((ConvertTo-Argument -Value $item)) }
        return , $items.ToArray()
    }
    return $Value
}

function Invoke-Reader {
    # The whole module, over Ansible's own Ansible.Basic, which checks the arguments and writes the answer.
    param ([object]$Call, [string]$Text)
    $mark = $Text.IndexOf('# ---- The module')
    $block = [scriptblock]::Create($Text.Substring(0, $mark) + $readerStandIns.ToString() + "`n" + $Text.Substring($mark))
    $global:complex_args = ConvertTo-Argument -Value $Call.arguments
    $global:complex_args['_ansible_module_name'] = 'offsite.endpoints.win_endpoint_state'
    $global:complex_args['_ansible_check_mode'] = [bool]$Call.check_mode
    # Only the event log of a Windows would have it.
    $global:complex_args['_ansible_no_log'] = $true
    $global:Answer = $null
    try {
        & $block
    }
    catch {
        # The exit, or what kept the module from answering.
        if ($null -eq $global:Answer) { throw }
    }
    $mounts = @(foreach ($hive in $global:Machine.hives) { if ($hive.mount) { $hive.mount } })
    return @{ answer = $global:Answer; mounts = $mounts }
}

$checkStandIns = {
    function Test-Administrator { return [bool]$global:Machine.administrator }

    function Get-Folder { return , @('DESKTOP') }

    function Invoke-Elevated {
        param ([string]$File, [string]$Folder)
        throw "a window with more rights was asked for: $File $Folder"
    }

    function Show-Line {
        param ([string]$Text)
        $global:Shown.Add($Text)
    }

    function Write-File {
        param ([string]$Path, [string]$Text)
        $global:Written = @{ path = $Path; text = $Text }
    }
}

function Invoke-SelfCheck {
    # The package that a user runs, from where its PowerShell begins, as its first lines would start it.
    param ([object]$Call)
    $text = [System.IO.File]::ReadAllText($Call.package)
    $text = $text.Substring($text.LastIndexOf('#:' + ':check', [System.StringComparison]::Ordinal))
    foreach ($part in @(@('$CheckGiven = ', $readerStandIns), @('# ---- The check', $checkStandIns))) {
        $mark = $text.LastIndexOf($part[0], [System.StringComparison]::Ordinal)
        $text = $text.Substring(0, $mark) + $part[1].ToString() + "`n" + $text.Substring($mark)
    }
    # Its last lines end the process that it has to itself.
    $text = $text.Substring(0, $text.LastIndexOf('try {', [System.StringComparison]::Ordinal)) + "`nInvoke-Check`n"
    $global:Shown = [System.Collections.Generic.List[string]]::new()
    $global:Written = $null
    $env:OFFSITE_FOLDER = ''
    & ([scriptblock]::Create($text))
    $mounts = @(foreach ($hive in $global:Machine.hives) { if ($hive.mount) { $hive.mount } })
    return @{ written = $global:Written; shown = $global:Shown; mounts = $mounts }
}

function Get-NewestRestorePoint {
    $newest = 0
    foreach ($point in $global:Machine.restore.points) { $newest = [System.Math]::Max($newest, $point.number) }
    return $newest
}

function Invoke-Writer {
    param ([object]$Call, [string]$Text)
    $mark = $Text.IndexOf('# ---- The script')
    $code = $Text.Substring(0, $mark) + $standIns[$Call.script] + "`n" + $Text.Substring($mark)
    $block = [scriptblock]::Create($code)
    $Ansible = [pscustomobject]@{ CheckMode = $Call.check_mode; Changed = $true; Diff = @{} }
    $parameters = ConvertTo-Dictionary -Object $Call.arguments
    $reason = $null
    $output = @()
    try {
        $output = @(& $block @parameters -WhatIf:([bool]$Call.check_mode))
    }
    catch {
        $reason = $_.Exception.Message
    }
    return @{
        changed = $Ansible.Changed
        output = $output
        diff = $Ansible.Diff
        error = $reason
        rules = @($global:Machine.rules)
        connections = @($global:Machine.connections)
        volatile_keys = @($global:Machine.volatile_keys)
        store = @($global:Machine.store.provisioned)
        leaving = @($global:Machine.leaving)
        restore = @{ newest = Get-NewestRestorePoint; frequency = $global:Machine.restore.frequency }
    }
}

if (-not $env:SystemDrive) {
    $env:SystemDrive = 'C:'
}
Import-Module ([System.IO.Path]::Combine($ModuleUtils, 'powershell', 'Ansible.ModuleUtils.AddType.psm1'))
Add-CSharpType -References @([System.IO.File]::ReadAllText([System.IO.Path]::Combine($ModuleUtils, 'csharp', 'Ansible.Basic.cs')))
[Ansible.Basic.AnsibleModule]::WriteLine = { param ([string]$Line) $global:Answer = $Line }
# The real one would end this process.
[Ansible.Basic.AnsibleModule]::Exit = { param ([int]$Code) throw "exit $Code" }

$answers = [System.Collections.Generic.List[string]]::new()
$calls = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($CallFile))
foreach ($call in $calls) {
    $global:Machine = $call.machine
    $global:OpenKeys = 0
    $text = if ($call.path) { [System.IO.File]::ReadAllText($call.path) } else { '' }
    try {
        if ($call.script -eq 'self_check') {
            $found = Invoke-SelfCheck -Call $call
        }
        elseif ($call.script -eq 'win_endpoint_state') {
            $found = Invoke-Reader -Call $call -Text $text
        }
        else {
            $found = Invoke-Writer -Call $call -Text $text
        }
        if ($global:OpenKeys -ne 0) {
            throw "$global:OpenKeys registry keys were left open"
        }
    }
    catch {
        $found = @{ crash = "$($_.Exception.Message) $($_.ScriptStackTrace)" }
    }
    $line = @{ name = $call.name; found = $found; powershell = $PSVersionTable['PSVersion'].ToString() }
    $answers.Add((ConvertTo-Json -InputObject $line -Depth 30 -Compress))
}
[System.IO.File]::WriteAllLines($AnswerFile, $answers)
