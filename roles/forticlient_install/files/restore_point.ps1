# offsite-script: restore_point

# Makes a restore point of the system drive, and proves it: the newest point has a new number. Within 24 hours of the last
# point Windows makes none and reports success all the same, unless SystemRestorePointCreationFrequency is 0: it is,
# for the time of the call, and is put back. System protection is turned on for the drive, and stays on.
# For ansible.windows.win_powershell, which makes $Ansible, in Windows PowerShell 5.1: PowerShell 7 lacks the cmdlets.

[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory = $true)]
    [string]$Description
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# ---- What Windows answers -------------------------------------------------------------------------------------------

function Get-RestorePointNumber {
    # Returns the newest point's number, 0 without any.
    $newest = 0
    foreach ($point in @(Get-ComputerRestorePoint -ErrorAction Stop)) {
        if ($point.SequenceNumber -gt $newest) {
            $newest = [int]$point.SequenceNumber
        }
    }
    return $newest
}

function Enable-Protection {
    Enable-ComputerRestore -Drive ([System.IO.Path]::GetPathRoot([System.Environment]::SystemDirectory)) -ErrorAction Stop
}

function New-RestorePoint {
    param ([string]$Description)
    Checkpoint-Computer -Description $Description -RestorePointType 'APPLICATION_INSTALL' -ErrorAction Stop
}

function Open-SettingKey {
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
    try {
        return $base.CreateSubKey('SOFTWARE\Microsoft\Windows NT\CurrentVersion\SystemRestore')
    }
    finally {
        $base.Dispose()
    }
}

function Get-Frequency {
    # Returns the minutes that have to lie between two points, $null when nothing is set (24 hours).
    $key = Open-SettingKey
    try {
        return $key.GetValue('SystemRestorePointCreationFrequency')
    }
    finally {
        $key.Dispose()
    }
}

function Set-Frequency {
    # $null removes the setting.
    param ([AllowNull()] [object]$Minutes)
    $key = Open-SettingKey
    try {
        if ($null -eq $Minutes) {
            $key.DeleteValue('SystemRestorePointCreationFrequency', $false)
        }
        else {
            $key.SetValue('SystemRestorePointCreationFrequency', [int]$Minutes, [Microsoft.Win32.RegistryValueKind]::DWord)
        }
    }
    finally {
        $key.Dispose()
    }
}

# ---- The script -----------------------------------------------------------------------------------------------------

$Ansible.Changed = $false
$before = Get-RestorePointNumber
$after = $before
if ($PSCmdlet.ShouldProcess($Description, 'Checkpoint-Computer')) {
    Enable-Protection
    $frequency = Get-Frequency
    Set-Frequency -Minutes 0
    try {
        New-RestorePoint -Description $Description
    }
    finally {
        Set-Frequency -Minutes $frequency
    }
    $after = Get-RestorePointNumber
    if ($after -le $before) {
        throw "Windows gave no error, but made no restore point: the newest is number $after as before."
    }
}
$Ansible.Changed = $true
$Ansible.Diff.before = @{ newest_restore_point = $before }
$Ansible.Diff.after = @{ newest_restore_point = $after }
