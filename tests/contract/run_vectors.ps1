# Runs the vectors against the scripts themselves, in Windows PowerShell 5.1 or PowerShell 7 on any system.
# run_vectors.py starts it. CallFile: a JSON list of calls. AnswerFile: one line of JSON a call. What a script would ask of
# Windows is answered by the functions below, which take the place of the script's own of the same names.

param (
    [Parameter(Mandatory = $true)] [string]$CallFile,
    [Parameter(Mandatory = $true)] [string]$AnswerFile
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
            $names = @(foreach ($hive in $global:Machine.hives) { if ($hive.mount) { $hive.mount.Substring(4) } })
            return New-KeyStandIn -Key ([pscustomobject]@{ values = @(); keys = $names })
        }
        $keys = $global:Machine.registry
        $path = $Path
        if ($Path -like 'HKU\*') {
            $parts = $Path.Split([char[]]'\', 3)
            $keys = @()
            $path = ''
            if ($parts.Count -eq 3) { $path = $parts[2] }
            foreach ($hive in $global:Machine.hives) {
                if ($hive.mount -eq ($parts[0] + '\' + $parts[1])) { $keys = $hive.keys }
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
                    return 0
                }
            }
            return 1
        }
        if ($Arguments -match '^unload "(?<mount>HKU\\[^"]+)"$') {
            foreach ($hive in $global:Machine.hives) {
                if ($hive.mount -eq $Matches['mount']) {
                    $hive.mount = $null
                    return 0
                }
            }
            return 1
        }
        throw "reg.exe was called with: $Arguments"
    }

    function Test-HiveFile {
        param ([string]$Path)
        foreach ($hive in $global:Machine.hives) { if ($hive.file -eq $Path) { return $true } }
        return $false
    }

    function Get-CimData {
        param ([string]$ClassName, [string]$Filter, [string[]]$Property)
        if ($ClassName -eq 'Win32_ComputerSystem') {
            return , @([pscustomobject]@{ PartOfDomain = $global:Machine.part_of_domain })
        }
        return , @(foreach ($service in $global:Machine.services) {
                if ($Filter -like "*Name='$($service.Name)'*") { $service }
            })
    }

    function Get-GroupName {
        param ([string]$Sid)
        foreach ($group in $global:Machine.groups) { if ($group.sid -eq $Sid) { return $group.name } }
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
                return @{ enabled = [bool]$rule.enabled; remote_address = @($rule.remote_address) }
            }
        }
        return $null
    }

    function Set-FirewallRuleData {
        param ([string]$Name, [hashtable]$Change)
        foreach ($rule in $global:Machine.rules) {
            if ($rule.name -eq $Name) {
                if ($Change.ContainsKey('RemoteAddress')) { $rule.remote_address = @($Change['RemoteAddress']) }
                if ($Change.ContainsKey('Enabled')) { $rule.enabled = $Change['Enabled'] -eq 'True' }
            }
        }
    }
}

function ConvertTo-Dictionary {
    param ([object]$Object)
    $result = @{}
    foreach ($property in $Object.PSObject.Properties) { $result[$property.Name] = $property.Value }
    return $result
}

function Invoke-Reader {
    param ([object]$Call, [string]$Text)
    $request = ConvertTo-Dictionary -Object $Call.arguments
    foreach ($name in 'registry', 'user_registry') {
        $asks = [System.Collections.Generic.List[object]]::new()
        foreach ($ask in $request[$name]) { $asks.Add((ConvertTo-Dictionary -Object $ask)) }
        $request[$name] = $asks
    }
    # The functions only: the module's last part needs Ansible.
    $functions = $Text.Substring(0, $Text.IndexOf('# ---- The module'))
    . ([scriptblock]::Create($functions + $readerStandIns.ToString()))
    $warnings = [System.Collections.Generic.List[string]]::new()
    $document = Get-EndpointState -Request $request -Warnings $warnings
    $mounts = @(foreach ($hive in $global:Machine.hives) { if ($hive.mount) { $hive.mount } })
    return @{ document = $document; warnings = $warnings; mounts = $mounts }
}

function Invoke-Writer {
    param ([object]$Call, [string]$Text)
    $mark = $Text.IndexOf('# ---- The script')
    $code = $Text.Substring(0, $mark) + $writerStandIns.ToString() + "`n" + $Text.Substring($mark)
    $block = [scriptblock]::Create($code)
    $Ansible = [pscustomobject]@{ CheckMode = $Call.check_mode; Changed = $true; Diff = @{} }
    $parameters = ConvertTo-Dictionary -Object $Call.arguments
    $reason = $null
    try {
        $null = & $block @parameters -WhatIf:([bool]$Call.check_mode)
    }
    catch {
        $reason = $_.Exception.Message
    }
    return @{ changed = $Ansible.Changed; diff = $Ansible.Diff; error = $reason; rules = @($global:Machine.rules) }
}

if (-not $env:SystemDrive) {
    $env:SystemDrive = 'C:'
}
$answers = [System.Collections.Generic.List[string]]::new()
$calls = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($CallFile))
foreach ($call in $calls) {
    $global:Machine = $call.machine
    $global:OpenKeys = 0
    $text = [System.IO.File]::ReadAllText($call.path)
    try {
        if ($call.script -eq 'win_endpoint_state') {
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
    $answers.Add((ConvertTo-Json -InputObject @{ name = $call.name; found = $found } -Depth 30 -Compress))
}
[System.IO.File]::WriteAllLines($AnswerFile, $answers)
