# offsite-script: leave_enrollment

# Lets Windows itself run `windows.ps1 -Remove` in a moment, when nobody is connected any more by what goes with it. The script and
# the files that it needs lie in Folder, which only administrators may write to; at its end it takes them away, and this task.
# For ansible.windows.win_powershell, which makes $Ansible. Windows PowerShell 5.1 and PowerShell 7.

[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory = $true)]
    [string]$Folder,

    [Parameter(Mandatory = $true)]
    [int]$Seconds
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# ---- What Windows answers -------------------------------------------------------------------------------------------

function Register-Removal {
    param ([string]$Script, [int]$Seconds)
    $shell = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'WindowsPowerShell\v1.0\powershell.exe')
    $task = @{
        TaskName = 'OffsiteEndpoints-Enrollment'
        Action = New-ScheduledTaskAction -Execute $shell -Argument "-NoProfile -ExecutionPolicy Bypass -File `"$Script`" -Remove"
        Trigger = New-ScheduledTaskTrigger -Once -At ([datetime]::Now.AddSeconds($Seconds))
        Principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -RunLevel 'Highest'
        # A laptop may run on its battery, and may be off at that moment.
        Settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -StartWhenAvailable
    }
    $null = Register-ScheduledTask @task -Force -ErrorAction Stop
}

# ---- The script -----------------------------------------------------------------------------------------------------

$script = "$Folder\windows.ps1"
if ($PSCmdlet.ShouldProcess($script, 'Register-ScheduledTask')) {
    Register-Removal -Script $script -Seconds $Seconds
}
$Ansible.Changed = $true
