# Answers calls in one PowerShell, one after another: over Wine a start of it costs seconds, and Ansible would need one a task.
# A call is a file of JSON in $Folder (calls.py has both ends). Each runs in a runspace of its own, as a fresh PowerShell does;
# what it leaves in the process (environment variables, compiled C#) stays until `restart`.

param ([Parameter(Mandatory = $true)] [string]$Folder)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$utf8 = [System.Text.UTF8Encoding]::new($false)

function Invoke-Call {
    # Returns standard output, and what went wrong. Exit codes are not kept: Ansible's modules say in JSON that they failed.
    param ([string]$Script, [string[]]$Lines)
    $initial = [System.Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()
    $initial.ExecutionPolicy = [Microsoft.PowerShell.ExecutionPolicy]::Bypass
    $runspace = [System.Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($initial)
    $runspace.Open()
    $powershell = [System.Management.Automation.PowerShell]::Create()
    $powershell.Runspace = $runspace
    $out = [System.Text.StringBuilder]::new()
    $wrong = [System.Text.StringBuilder]::new()
    try {
        $null = $powershell.AddScript($Script)
        foreach ($item in $powershell.Invoke([object[]]$Lines)) {
            $null = $out.AppendLine([string]$item)
        }
    }
    catch {
        $null = $wrong.AppendLine($_.Exception.ToString())
    }
    foreach ($record in $powershell.Streams.Error) {
        $null = $wrong.AppendLine("$record`n$($record.ScriptStackTrace)")
    }
    $powershell.Dispose()
    $runspace.Dispose()
    return @{ out = $out.ToString(); wrong = $wrong.ToString() }
}

while ($true) {
    foreach ($file in ([System.IO.Directory]::GetFiles($Folder, '*.call') | Sort-Object)) {
        $call = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($file, $utf8))
        [System.IO.File]::Delete($file)
        $answer = Invoke-Call -Script $call.script -Lines $call.lines
        $target = [System.IO.Path]::ChangeExtension($file, '.answer')
        [System.IO.File]::WriteAllText("$target.part", (ConvertTo-Json -Compress -InputObject $answer), $utf8)
        [System.IO.File]::Move("$target.part", $target)
    }
    Start-Sleep -Milliseconds 30
}
