# offsite-script: set_vpn_connection

# Shows one VPN connection of the user it runs as (a plug-in connection cannot be for all users) and, where Present is
# given, makes, changes or removes it. Its output is the connection as it is afterwards. The custom configuration is
# written and never compared: Windows may give the same XML back in another form.
# For ansible.windows.win_powershell with become, which makes $Ansible. $null for Present: only show.

[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory = $true)]
    [string]$Name,

    [AllowNull()]
    [Nullable[bool]]$Present,

    [string]$Plugin,

    [string]$ServerAddress,

    [string]$CustomConfiguration,

    [string]$ProxyScript,

    [bool]$AutoDetect
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# ---- What Windows answers -------------------------------------------------------------------------------------------
# -ErrorAction each time: the cmdlets belong to a module, which does not see this script's preference.

function Get-ConnectionData {
    # Returns what is compared and kept; only exists = $false when the user has no connection of the name.
    param ([string]$Connection)
    foreach ($found in @(Get-VpnConnection -ErrorAction Stop)) {
        if ($found.Name -ne $Connection) {
            continue
        }
        $data = @{ exists = $true; server_address = [string]$found.ServerAddress; plugin = ''; custom_configuration = '' }
        $data['in_use'] = @('Connected', 'Connecting', 'Dormant', 'Limited') -contains $found.ConnectionStatus.ToString()
        $data['proxy_script'] = ''
        $data['auto_detect'] = $false
        # A connection of Windows' own kind has neither of these two properties.
        if ($found.PSObject.Properties.Match('PlugInApplicationID').Count -gt 0) {
            $data['plugin'] = [string]$found.PlugInApplicationID
        }
        if ($found.PSObject.Properties.Match('CustomConfiguration').Count -gt 0) {
            $custom = $found.CustomConfiguration
            $data['custom_configuration'] = [string]$custom
            if ($custom -is [System.Xml.XmlNode]) {
                $data['custom_configuration'] = $custom.OuterXml
            }
        }
        if ($null -ne $found.Proxy) {
            $data['proxy_script'] = [string]$found.Proxy.AutoConfigurationScript
            $data['auto_detect'] = [bool]$found.Proxy.AutoDetect
        }
        return $data
    }
    return @{ exists = $false }
}

function Add-ConnectionData {
    param ([string]$Connection, [hashtable]$Settings)
    Add-VpnConnection -Name $Connection -Force -ErrorAction Stop @Settings
}

function Set-ConnectionData {
    param ([string]$Connection, [hashtable]$Settings)
    Set-VpnConnection -Name $Connection -ThirdPartyVpn -Force -ErrorAction Stop @Settings
}

function Set-ConnectionProxyData {
    param ([string]$Connection, [hashtable]$Settings)
    Set-VpnConnectionProxy -Name $Connection -ErrorAction Stop @Settings
}

function Remove-ConnectionData {
    param ([string]$Connection)
    Remove-VpnConnection -Name $Connection -Force -ErrorAction Stop
}

# ---- The work -------------------------------------------------------------------------------------------------------

function Test-SameConnection {
    param ([hashtable]$Left, [hashtable]$Right, [string[]]$Field)
    foreach ($name in $Field) {
        if ($Left[$name] -cne $Right[$name]) {
            return $false
        }
    }
    return $true
}

function Write-Connection {
    param ([string]$Connection, [hashtable]$From, [hashtable]$To)
    if (-not $To['exists']) {
        Remove-ConnectionData -Connection $Connection
        return
    }
    $settings = @{ ServerAddress = $To['server_address']; PlugInApplicationID = $To['plugin'] }
    $settings['CustomConfiguration'] = [xml]$To['custom_configuration']
    if ($From['exists']) {
        Set-ConnectionData -Connection $Connection -Settings $settings
    }
    else {
        Add-ConnectionData -Connection $Connection -Settings $settings
    }
    $proxy = @{ AutoDetect = $To['auto_detect'] }
    if ($To['proxy_script'] -ne '') {
        $proxy['AutoConfigurationScript'] = $To['proxy_script']
    }
    Set-ConnectionProxyData -Connection $Connection -Settings $proxy
}

# ---- The script -----------------------------------------------------------------------------------------------------

$Ansible.Changed = $false
$compared = @('exists', 'plugin', 'server_address', 'proxy_script', 'auto_detect')
$before = Get-ConnectionData -Connection $Name
$desired = $before
if ($Present -eq $true) {
    $desired = @{ exists = $true; plugin = $Plugin; server_address = $ServerAddress; in_use = $false }
    $desired['custom_configuration'] = $CustomConfiguration
    $desired['proxy_script'] = $ProxyScript
    $desired['auto_detect'] = $AutoDetect
}
elseif ($Present -eq $false) {
    $desired = @{ exists = $false }
}
$after = $before
if (-not (Test-SameConnection -Left $before -Right $desired -Field $compared)) {
    if ($before['exists'] -and $before['plugin'] -eq '') {
        throw "'$Name' is a connection of Windows' own kind, which somebody else made. Rename one of the two."
    }
    if ($before['exists'] -and $before['in_use']) {
        throw "'$Name' is in use. Disconnect it and run this again."
    }
    $after = $desired
    if ($PSCmdlet.ShouldProcess($Name, 'Set-VpnConnection')) {
        Write-Connection -Connection $Name -From $before -To $desired
        $after = Get-ConnectionData -Connection $Name
    }
}
$Ansible.Changed = -not (Test-SameConnection -Left $before -Right $after -Field $compared)
$Ansible.Diff.before = $before
$Ansible.Diff.after = $after
$after
