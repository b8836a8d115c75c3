# offsite-script: set_firewall_rule

# Sets the scope, the profiles or the state of one rule of the local firewall policy, found by its name (never its
# display name). It writes what it is given and makes no rule. Addresses are given as Windows reads them back
# (10.0.0.0/255.0.0.0, not 10.0.0.0/8): the comparison here is of text. Profiles are of Domain, Private and Public.
# $null leaves a setting as it is. For ansible.windows.win_powershell, which makes $Ansible.

[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory = $true)]
    [string]$Rule,

    [AllowNull()]
    [string[]]$RemoteAddress,

    [AllowNull()]
    [Nullable[bool]]$Enabled,

    [AllowNull()]
    [ValidateSet('Domain', 'Private', 'Public')]
    [string[]]$ProfileName
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# ---- What Windows answers -------------------------------------------------------------------------------------------

function Get-FirewallRuleData {
    # Returns whether the rule is on, its remote addresses and its profiles; $null when the local policy has no such rule.
    # -ErrorAction each time: the firewall's cmdlets belong to a module, which does not see this script's preference.
    param ([string]$Name)
    try {
        $found = Get-NetFirewallRule -PolicyStore PersistentStore -Name $Name -ErrorAction Stop
    }
    catch {
        if ($_.CategoryInfo.Category -eq [System.Management.Automation.ErrorCategory]::ObjectNotFound) {
            return $null
        }
        throw
    }
    $filter = Get-NetFirewallAddressFilter -AssociatedNetFirewallRule $found -ErrorAction Stop
    return @{
        enabled = ($found.Enabled.ToString() -eq 'True')
        remote_address = @($filter.RemoteAddress)
        profiles = $found.Profile.ToString()
    }
}

function Set-FirewallRuleData {
    param ([string]$Name, [hashtable]$Change)
    Set-NetFirewallRule -PolicyStore PersistentStore -Name $Name -ErrorAction Stop @Change
}

# ---- The work -------------------------------------------------------------------------------------------------------

function Get-ProfileName {
    # Returns the profiles in Windows' own order. "Any", and all three, are all three.
    param ([string]$Text)
    $names = [System.Collections.Generic.List[string]]::new()
    foreach ($name in 'Domain', 'Private', 'Public') {
        if ($Text -eq 'Any' -or $Text.Replace(' ', '').Split(',') -contains $name) {
            $names.Add($name)
        }
    }
    return , $names.ToArray()
}

function Get-RuleState {
    param ([string]$Name)
    $data = Get-FirewallRuleData -Name $Name
    if ($null -ne $data) {
        $data['profiles'] = Get-ProfileName -Text $data['profiles']
    }
    return $data
}

function Test-SameRule {
    param ([hashtable]$Left, [hashtable]$Right)
    $comparer = [System.StringComparer]::OrdinalIgnoreCase
    $addresses = [System.Collections.Generic.HashSet[string]]::new([string[]]$Left['remote_address'], $comparer)
    $profiles = [System.Collections.Generic.HashSet[string]]::new([string[]]$Left['profiles'], $comparer)
    return $Left['enabled'] -eq $Right['enabled'] -and
    $addresses.SetEquals([string[]]$Right['remote_address']) -and $profiles.SetEquals([string[]]$Right['profiles'])
}

function Get-RuleDiff {
    param ([string]$Name, [hashtable]$State)
    return @{
        rule = $Name
        enabled = $State['enabled']
        remote_address = $State['remote_address']
        profiles = $State['profiles']
    }
}

# ---- The script -----------------------------------------------------------------------------------------------------

$Ansible.Changed = $false
$before = Get-RuleState -Name $Rule
if ($null -eq $before) {
    throw "The local firewall policy has no rule '$Rule'. Check the name with Get-NetFirewallRule; this script makes none."
}
$change = @{}
$desired = $before.Clone()
if ($null -ne $RemoteAddress) {
    $change['RemoteAddress'] = $RemoteAddress
    $desired['remote_address'] = $RemoteAddress
}
if ($null -ne $Enabled) {
    $change['Enabled'] = $Enabled.ToString()
    $desired['enabled'] = $Enabled
}
if ($null -ne $ProfileName) {
    $desired['profiles'] = Get-ProfileName -Text ([string]::Join(',', $ProfileName))
    # Windows keeps all three as "Any": a rule without profiles.
    $change['Profile'] = if ($desired['profiles'].Count -eq 3) { 'Any' } else { [string]::Join(',', $desired['profiles']) }
}
$after = $desired
if (-not (Test-SameRule -Left $before -Right $desired) -and $PSCmdlet.ShouldProcess($Rule, 'Set-NetFirewallRule')) {
    Set-FirewallRuleData -Name $Rule -Change $change
    $after = Get-RuleState -Name $Rule
}
$Ansible.Changed = -not (Test-SameRule -Left $before -Right $after)
$Ansible.Diff.before = Get-RuleDiff -Name $Rule -State $before
$Ansible.Diff.after = Get-RuleDiff -Name $Rule -State $after
