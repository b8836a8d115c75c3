# offsite-script: require_reboot

# Notes that this machine has to restart, in a registry key that Windows itself forgets when it does (a volatile one).
# No other means of Ansible makes such a key. For ansible.windows.win_powershell, which makes $Ansible.

[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory = $true)]
    [string]$Owner
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# ---- What Windows answers -------------------------------------------------------------------------------------------

function Open-LocalMachine {
    return [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
}

function Test-LocalKey {
    param ([string]$Path)
    $base = Open-LocalMachine
    try {
        $key = $base.OpenSubKey($Path, $false)
        if ($null -eq $key) {
            return $false
        }
        $key.Dispose()
        return $true
    }
    finally {
        $base.Dispose()
    }
}

function New-VolatileKey {
    param ([string]$Path)
    $base = Open-LocalMachine
    try {
        $base.CreateSubKey($Path, $true, [Microsoft.Win32.RegistryOptions]::Volatile).Dispose()
    }
    finally {
        $base.Dispose()
    }
}

# ---- The script -----------------------------------------------------------------------------------------------------

$Ansible.Changed = $false
# Below a volatile key all keys are volatile, so this one is of its own, not below a key that has to stay.
$path = "SOFTWARE\OffsiteEndpoints_RebootRequired\$Owner"
$before = Test-LocalKey -Path $path
if (-not $before -and $PSCmdlet.ShouldProcess($path, 'CreateSubKey')) {
    New-VolatileKey -Path $path
}
$Ansible.Changed = -not $before
$Ansible.Diff.before = @{ reboot_required = $before }
$Ansible.Diff.after = @{ reboot_required = $true }
