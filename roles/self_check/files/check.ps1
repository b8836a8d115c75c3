# Runs the reader, whose text stands before this one, for a user with a double click, and writes its answer to a file.
# $CheckGiven, which the package puts before this text, is JSON: the signed request, the file's name, what is shown.
# No decision is made here, and nothing is believed of what comes out of it but for this one machine.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# ---- What Windows answers to the check ------------------------------------------------------------------------------

function Test-Administrator {
    $identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = [System.Security.Principal.WindowsPrincipal]::new($identity)
    return $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
}

function Get-Folder {
    # Returns where the file may go, best first.
    return , @([System.Environment]::GetFolderPath('DesktopDirectory'), [System.Environment]::GetFolderPath('MyDocuments'))
}

function Invoke-Elevated {
    # Runs the same file once more, with Windows' own question for rights, and returns whether that came to its end.
    param ([string]$File, [string]$Folder)
    $shell = [System.IO.Path]::Combine([System.Environment]::SystemDirectory, 'cmd.exe')
    $arguments = '/c ""' + $File + '" "' + $Folder + '""'
    try {
        $process = Start-Process -FilePath $shell -ArgumentList $arguments -Verb RunAs -Wait -PassThru
        return ($process.ExitCode -eq 0)
    }
    catch {
        # The user said no, or nobody may ask.
        return $false
    }
}

function Show-Line {
    param ([string]$Text)
    [System.Console]::WriteLine($Text)
}

function Write-File {
    param ([string]$Path, [string]$Text)
    [System.IO.File]::WriteAllText($Path, $Text)
}

# ---- JSON -----------------------------------------------------------------------------------------------------------

function ConvertTo-JsonString {
    # ASCII alone, so that no mail and no editor changes it.
    param ([string]$Text)
    $escape = [System.Text.RegularExpressions.MatchEvaluator] {
        param ($Match)
        return '\u' + ([int][char]$Match.Value).ToString('x4')
    }
    return '"' + [System.Text.RegularExpressions.Regex]::Replace($Text, '[^\x20-\x7e]|["\\]', $escape) + '"'
}

function Add-Json {
    # Not ConvertTo-Json: that of Windows PowerShell writes some lists as objects with 'value' and 'Count'.
    param ([System.Text.StringBuilder]$To, [AllowNull()] [object]$Value)
    if ($null -eq $Value) {
        $null = $To.Append('null')
    }
    elseif ($Value -is [bool]) {
        $null = $To.Append($Value.ToString().ToLowerInvariant())
    }
    elseif ($Value -is [string]) {
        $null = $To.Append((ConvertTo-JsonString -Text $Value))
    }
    elseif ($Value -is [System.Collections.IDictionary]) {
        $between = '{'
        # Not by .Keys: of a hashtable with an entry 'keys' that is the entry.
        foreach ($entry in $Value.GetEnumerator()) {
            $null = $To.Append($between).Append((ConvertTo-JsonString -Text ([string]$entry.Key))).Append(':')
            Add-Json -To $To -Value $entry.Value
            $between = ','
        }
        $null = $To.Append($(if ($between -eq '{') { '{}' } else { '}' }))
    }
    elseif ($Value -is [System.Collections.IEnumerable]) {
        $between = '['
        foreach ($item in $Value) {
            $null = $To.Append($between)
            Add-Json -To $To -Value $item
            $between = ','
        }
        $null = $To.Append($(if ($between -eq '[') { '[]' } else { ']' }))
    }
    else {
        $null = $To.Append([System.Convert]::ToString($Value, [System.Globalization.CultureInfo]::InvariantCulture))
    }
}

# ---- The request ----------------------------------------------------------------------------------------------------

function ConvertTo-Ask {
    param ([object[]]$Asks)
    $found = [System.Collections.Generic.List[object]]::new()
    foreach ($ask in $Asks) {
        $found.Add(@{
                path = [string]$ask.path
                values = [string[]]@($ask.values)
                depth = [int]$ask.depth
                without = [string[]]@($ask.without)
            })
    }
    return , $found.ToArray()
}

function ConvertTo-Request {
    # Returns what the token asks for, as Get-EndpointState takes it; the controller has filled in every default.
    param ([string]$Token)
    $bytes = [System.Convert]::FromBase64String($Token.Split([char]'.')[0])
    $reads = (ConvertFrom-Json -InputObject ([System.Text.Encoding]::UTF8.GetString($bytes))).reads
    return @{
        registry = ConvertTo-Ask -Asks @($reads.registry)
        user_registry = ConvertTo-Ask -Asks @($reads.user_registry)
        services = [string[]]@($reads.services)
        groups = [string[]]@($reads.groups)
        files = [string[]]@($reads.files)
        appx = [string[]]@($reads.appx)
        networks = [string[]]@($reads.networks)
    }
}

# ---- The check ------------------------------------------------------------------------------------------------------

function Show-Word {
    # Shows a sentence in the user's language.
    param ([object]$Words, [string]$Name, [string]$File = '')
    $language = 'en'
    if ([System.Globalization.CultureInfo]::CurrentUICulture.TwoLetterISOLanguageName -eq 'ja') {
        $language = 'ja'
    }
    Show-Line -Text $Words.$language.$Name.Replace('{file}', $File)
}

function Get-Answer {
    # Returns the text of the state file.
    param ([string]$Token, [bool]$Administrator)
    $warnings = [System.Collections.Generic.List[string]]::new()
    $document = Get-EndpointState -Request (ConvertTo-Request -Token $Token) -Warnings $warnings
    $now = [System.DateTime]::UtcNow
    $answer = @{
        schema = 1
        token = $Token
        measured_at = $now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [System.Globalization.CultureInfo]::InvariantCulture)
        computer = [System.Environment]::MachineName
        administrator = $Administrator
        warnings = $warnings
        document = $document
    }
    $text = [System.Text.StringBuilder]::new()
    Add-Json -To $text -Value $answer
    return $text.ToString()
}

function Save-Answer {
    # Returns the path that it was written to: the first folder that takes it.
    param ([string[]]$Folders, [string]$Name, [string]$Text)
    $reason = 'there is no folder to write to'
    foreach ($folder in $Folders) {
        try {
            $path = [System.IO.Path]::Combine($folder, $Name)
            Write-File -Path $path -Text $Text
            return $path
        }
        catch {
            $reason = Get-Reason -ErrorRecord $_
        }
    }
    throw $reason
}

function Invoke-Check {
    $given = ConvertFrom-Json -InputObject $CheckGiven
    $words = $given.words
    $folders = [string[]](Get-Folder)
    $administrator = Test-Administrator
    if ($env:OFFSITE_FOLDER) {
        $folders = [string[]]@($env:OFFSITE_FOLDER)
    }
    else {
        Show-Word -Words $words -Name 'begins'
    }
    if (-not $administrator -and -not $env:OFFSITE_FOLDER -and $env:OFFSITE_CHECK) {
        Show-Word -Words $words -Name 'asks'
        if (Invoke-Elevated -File $env:OFFSITE_CHECK -Folder $folders[0]) {
            Show-Word -Words $words -Name 'done' -File $given.file
            return
        }
        Show-Word -Words $words -Name 'without'
    }
    Show-Word -Words $words -Name 'reads'
    $text = Get-Answer -Token $given.token -Administrator $administrator
    $path = Save-Answer -Folders $folders -Name $given.file -Text $text
    Show-Word -Words $words -Name 'done' -File $path
}

try {
    Invoke-Check
}
catch {
    [System.Console]::Error.WriteLine("$(Get-Reason -ErrorRecord $_)")
    exit 1
}
exit 0
