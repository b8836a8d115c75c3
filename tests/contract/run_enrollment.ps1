# Runs enroll/windows.ps1 itself on machines of vectors, in Windows PowerShell 5.1 or PowerShell 7 on any system.
# run_enrollment.py starts it. CallFile: a JSON list of calls, each with the arguments of one run after another. AnswerFile: one
# line of JSON a call. In place of enroll/machine.ps1 lies enrollment_machine.ps1.

param (
    [Parameter(Mandatory = $true)] [string]$CallFile,
    [Parameter(Mandatory = $true)] [string]$AnswerFile,
    [Parameter(Mandatory = $true)] [string]$Scripts,
    # A certificate (DER): its names are the last line of the answers.
    [Parameter(Mandatory = $true)] [string]$Certificate
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function ConvertTo-Argument {
    # What ConvertFrom-Json gives, as hashtables and lists.
    param ([object]$Value)
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $result = @{}
        foreach ($property in $Value.PSObject.Properties) { $result[$property.Name] = ConvertTo-Argument -Value $property.Value }
        return $result
    }
    if ($Value -is [object[]]) { return , @(foreach ($item in $Value) { ConvertTo-Argument -Value $item }) }
    return $Value
}

function Invoke-Run {
    param ([string]$Folder, [hashtable]$Arguments)
    $lines = @()
    $reason = $null
    $global:LASTEXITCODE = 1
    try {
        $lines = @(foreach ($line in @(& ([System.IO.Path]::Combine($Folder, 'windows.ps1')) @Arguments 6>&1)) { "$line" })
    }
    catch { $reason = "$($_.Exception.Message) $($_.ScriptStackTrace)" }
    $files = @{}
    foreach ($path in [System.IO.Directory]::GetFiles($Folder, '*.enrollment.json*')) {
        $files[[System.IO.Path]::GetFileName($path)] = [System.IO.File]::ReadAllText($path)
    }
    $machine = ConvertTo-Json -InputObject $global:Machine -Depth 20 -Compress
    return @{ code = $global:LASTEXITCODE; lines = $lines; error = $reason; machine = $machine; files = $files }
}

$answers = [System.Collections.Generic.List[string]]::new()
$calls = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($CallFile))
foreach ($call in $calls) {
    $folder = [System.IO.Path]::Combine([System.IO.Path]::GetTempPath(), [System.IO.Path]::GetRandomFileName())
    $null = [System.IO.Directory]::CreateDirectory($folder)
    foreach ($name in 'windows.ps1', 'plan.ps1', 'steps.ps1', 'removal.ps1') {
        [System.IO.File]::Copy([System.IO.Path]::Combine($Scripts, $name), [System.IO.Path]::Combine($folder, $name))
    }
    [System.IO.File]::Copy([System.IO.Path]::Combine($PSScriptRoot, 'enrollment_machine.ps1'), [System.IO.Path]::Combine($folder, 'machine.ps1'))
    foreach ($property in $call.files.PSObject.Properties) {
        [System.IO.File]::WriteAllText([System.IO.Path]::Combine($folder, $property.Name), $property.Value)
    }
    $global:Machine = ConvertTo-Argument -Value $call.machine
    $runs = @(foreach ($arguments in $call.runs) { Invoke-Run -Folder $folder -Arguments (ConvertTo-Argument -Value $arguments) })
    [System.IO.Directory]::Delete($folder, $true)
    $line = @{ name = $call.name; runs = $runs; powershell = $PSVersionTable['PSVersion'].ToString() }
    $answers.Add((ConvertTo-Json -InputObject $line -Depth 8 -Compress))
}
$names = & {
    . ([System.IO.Path]::Combine($Scripts, 'machine.ps1'))
    $bytes = [System.IO.File]::ReadAllBytes($Certificate)
    foreach ($extension in ([System.Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes)).Extensions) {
        if ($extension.Oid.Value -eq '2.5.29.17') { ConvertFrom-AlternativeName -Raw $extension.RawData }
    }
}
$answers.Add((ConvertTo-Json -InputObject @($names) -Compress))
[System.IO.File]::WriteAllLines($AnswerFile, $answers)
