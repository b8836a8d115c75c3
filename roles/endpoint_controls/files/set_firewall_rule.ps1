# offsite-script: set_firewall_rule

# Sets the scope or the state of one rule of the local firewall policy, found by its name (never its display name).
# It writes what it is told and makes no rule. Addresses are given as Windows reads them back (10.0.0.0/255.0.0.0, not
# 10.0.0.0/8): the comparison here is of text. $null leaves a setting as it is.
# For ansible.windows.win_powershell, which makes $Ansible.

[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory = $true)]
    [string]$Rule,

    [AllowNull()]
    [string[]]$RemoteAddress,

    [AllowNull()]
    [Nullable[bool]]$Enabled
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# ---- What Windows answers -------------------------------------------------------------------------------------------

function Get-FirewallRuleData {
    # Returns whether the rule is on, and its remote addresses; $null when the local policy has no such rule.
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
    return @{ enabled = ($found.Enabled.ToString() -eq 'True'); remote_address = @($filter.RemoteAddress) }
}

function Set-FirewallRuleData {
    param ([string]$Name, [hashtable]$Change)
    Set-NetFirewallRule -PolicyStore PersistentStore -Name $Name -ErrorAction Stop @Change
}

# ---- The work -------------------------------------------------------------------------------------------------------

function Test-SameRule {
    param ([hashtable]$Left, [hashtable]$Right)
    $comparer = [System.StringComparer]::OrdinalIgnoreCase
    $addresses = [System.Collections.Generic.HashSet[string]]::new([string[]]$Left['remote_address'], $comparer)
    return $Left['enabled'] -eq $Right['enabled'] -and $addresses.SetEquals([string[]]$Right['remote_address'])
}

# ---- The script -----------------------------------------------------------------------------------------------------

$Ansible.Changed = $false
$before = Get-FirewallRuleData -Name $Rule
if ($null -eq $before) {
    throw "The local firewall policy has no rule '$Rule'. Check the name with Get-NetFirewallRule; this script makes none."
}
$change = @{}
$told = $before.Clone()
if ($null -ne $RemoteAddress) {
    $change['RemoteAddress'] = $RemoteAddress
    $told['remote_address'] = $RemoteAddress
}
if ($null -ne $Enabled) {
    $change['Enabled'] = $Enabled.ToString()
    $told['enabled'] = $Enabled
}
$after = $told
if (-not (Test-SameRule -Left $before -Right $told) -and $PSCmdlet.ShouldProcess($Rule, 'Set-NetFirewallRule')) {
    Set-FirewallRuleData -Name $Rule -Change $change
    $after = Get-FirewallRuleData -Name $Rule
}
$Ansible.Changed = -not (Test-SameRule -Left $before -Right $after)
$Ansible.Diff.before = @{ rule = $Rule; enabled = $before['enabled']; remote_address = $before['remote_address'] }
$Ansible.Diff.after = @{ rule = $Rule; enabled = $after['enabled']; remote_address = $after['remote_address'] }
