# Carries plans out for windows.ps1, step by step: each first notes what was there, then writes. At the end the plan is made
# once more of what is read then, and has to be empty.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function New-Password {
    # 28 characters, 168 bits, of all four kinds that Windows may ask for. No look-alikes: people type it.
    $letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_=+.,@'
    $source = [System.Security.Cryptography.RandomNumberGenerator]::Create()
    $bytes = [byte[]]::new(28)
    do {
        $source.GetBytes($bytes)
        $text = [string]::Join('', @(foreach ($one in $bytes) { $letters[$one -band 63] }))
    } until ($text -cmatch '[A-Z]' -and $text -cmatch '[a-z]' -and $text -match '\d' -and $text -match '[-_=+.,@]')
    $source.Dispose()
    return $text
}

function Protect-Password {
    # Returns the password as only the owner of the certificate's private key can read it; '' without a certificate.
    param ([string]$Password, [string]$Path)
    if (-not [System.IO.File]::Exists($Path)) { return '' }
    $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($Path)
    $key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPublicKey($certificate)
    if ($null -eq $key) { throw "$Path holds no RSA key" }
    $bytes = [System.Text.Encoding]::ASCII.GetBytes($Password)
    return [System.Convert]::ToBase64String($key.Encrypt($bytes, [System.Security.Cryptography.RSAEncryptionPadding]::OaepSHA256))
}

function Get-Fingerprint {
    # Returns the SHA-256 of a certificate (base64), as people compare it.
    param ([string]$Der)
    $hash = [System.Security.Cryptography.SHA256]::Create()
    $digest = [System.BitConverter]::ToString($hash.ComputeHash([System.Convert]::FromBase64String($Der)))
    $hash.Dispose()
    return $digest.Replace('-', ':')
}

function ConvertTo-Pem {
    param ([string]$Der)
    $lines = for ($at = 0; $at -lt $Der.Length; $at += 64) { $Der.Substring($at, [math]::Min(64, $Der.Length - $at)) }
    return "-----BEGIN CERTIFICATE-----`n" + [string]::Join("`n", @($lines)) + "`n-----END CERTIFICATE-----`n"
}

function Get-Served {
    # Returns the certificate that WinRM shows; $null over SSH.
    param ([hashtable]$Facts, [hashtable]$Wish)
    if ($Wish.transport -ne 'winrm') { return $null }
    return Find-Certificate -Facts $Facts -Thumbprint (Find-Listener -Facts $Facts -Transport 'HTTPS').thumbprint
}

# ---- Steps of an enrolment ------------------------------------------------------------------------------------------

function Invoke-ListenerStep {
    param ([hashtable]$Step, [hashtable]$Facts, [hashtable]$Note, [hashtable]$Made)
    $listener = Find-Listener -Facts $Facts -Transport 'HTTPS'
    $thumbprint = if ($Step.thumbprint) { $Step.thumbprint } else { $Made.thumbprint }
    $there = $null -ne $listener
    if ($null -eq $Note.listener) {
        $Note.listener = @{ made = -not $there; thumbprint = ''; host_name = ''; address = '*' }
        if ($there) { foreach ($part in 'thumbprint', 'host_name', 'address') { $Note.listener[$part] = $listener[$part] } }
    }
    $Note.listener.ours = $thumbprint
    Save-Note -Note $Note
    Set-ListenerData -Address $Note.listener.address -Thumbprint $thumbprint -HostName $Step.host_name -There $there
}

function Invoke-AccountStep {
    param ([hashtable]$Facts, [hashtable]$Wish, [hashtable]$Note, [hashtable]$Made)
    $there = $null -ne $Facts.account
    if (-not $there) {
        $Note.account = @{ name = $Wish.account; sid = '' }
        Save-Note -Note $Note
    }
    $Made.password = New-Password
    Set-AccountData -Name $Wish.account -Password $Made.password -Mark $Mark -There $there
    $sid = (Get-AccountData -Name $Wish.account).sid
    if ($Note.account.sid -ne $sid) {
        $Note.account.sid = $sid
        Save-Note -Note $Note
    }
}

function Invoke-KeyStep {
    param ([hashtable]$Facts, [hashtable]$Wish, [hashtable]$Note)
    $others = @(foreach ($line in $Facts.ssh.keys) { if ($line -ne $Wish.key) { $line } })
    if ($null -eq $Note.key) {
        $Note.key = @{ line = $Wish.key; added = $others.Count -eq @($Facts.ssh.keys).Count }
        Save-Note -Note $Note
    }
    Set-TextData -Path $KeyFile -Lines ($others + $Wish.key)
    Set-RightsData -Path $KeyFile -Sddl $KeyRights
}

function Invoke-Step {
    # `Made` is what this run has made and a later step needs: a certificate's thumbprint, the password.
    param ([hashtable]$Step, [hashtable]$Facts, [hashtable]$Wish, [hashtable]$Note, [hashtable]$Made)
    $noted = @{ 'service' = 'service'; 'ssh-service' = 'ssh_service'; 'token-filter' = 'token_filter'; 'shell' = 'shell'; 'ssh-rule' = 'ssh_rule' }
    if ($noted.ContainsKey($Step.id) -and $null -eq $Note[$noted[$Step.id]]) {
        $Note[$noted[$Step.id]] = switch ($Step.id) {
            'service' { $Facts.service }
            'ssh-service' { if ($null -eq $Facts.ssh.service) { @{ start = 'Manual'; running = $false } } else { $Facts.ssh.service } }
            'token-filter' { @{ was = $Facts.policy.token_filter } }
            'shell' { @{ was = $Facts.ssh.shell } }
            'ssh-rule' { @{ was = $true } }
        }
        Save-Note -Note $Note
    }
    switch ($Step.id) {
        'service' { Set-ServiceData -Name 'WinRM' -Start 'Automatic' -Running $true }
        'certificate' { $Made.thumbprint = New-CertificateData -Names $Step.names -Mark $Mark }
        'listener' { Invoke-ListenerStep -Step $Step -Facts $Facts -Note $Note -Made $Made }
        'old-certificate' { Remove-CertificateData -Thumbprint $Step.thumbprint }
        'token-filter' { Set-RegistryData -Path $SystemPolicies -Name 'LocalAccountTokenFilterPolicy' -Data 1 }
        'rule' { Set-RuleData -Name $Mark -Port $Wish.port -Addresses $Wish.controller }
        'member' { Add-MemberData -GroupSid $Step.group -Sid $Note.account.sid }
        'capability' {
            $Note.capability = $true
            Save-Note -Note $Note
            Set-SshServer -Installed $true
        }
        'rights' { Set-RightsData -Path $Step.path -Sddl $Step.sddl }
        'ssh-service' { Set-ServiceData -Name 'sshd' -Start 'Automatic' -Running $true }
        'key' { Invoke-KeyStep -Facts $Facts -Wish $Wish -Note $Note }
        'shell' { Set-RegistryData -Path $ShellKey -Name 'DefaultShell' -Data $Wish.shell }
        'ssh-rule' { Set-RuleState -Name $BuiltInSshRule -Enabled $false }
        { $_ -in 'account', 'password' } { Invoke-AccountStep -Facts $Facts -Wish $Wish -Note $Note -Made $Made }
    }
}

function Get-DueStep {
    # Of a plan's steps those that can be carried out now: what tells of the rest comes alone, and then all is read again.
    param ([hashtable]$Plan, [hashtable]$Facts)
    $first = @(foreach ($step in $Plan.steps) { if ($step.id -eq 'capability' -or ($step.id -eq 'service' -and $null -eq $Facts.listeners)) { $step } })
    if ($first.Count -gt 0) { return , $first }
    return , $Plan.steps.ToArray()
}

# ---- An enrolment, and its end --------------------------------------------------------------------------------------

function Get-Enrollment {
    # What the controller is given: no secret in clear. `Before` is the file of an earlier run.
    param ([hashtable]$Facts, [hashtable]$Wish, [hashtable]$Made, [string[]]$Done, [object[]]$Told, [AllowNull()] [object]$Before)
    $served = Get-Served -Facts $Facts -Wish $Wish
    $sealed = if ($null -ne $Before -and $Before.account_sid -eq $Facts.account.sid) { $Before.sealed_password } else { $null }
    if ($Made.password -and $Wish.transport -eq 'winrm') {
        $sealed = Protect-Password -Password $Made.password -Path ([System.IO.Path]::Combine($Folder, 'controller.pem'))
        if (-not $sealed) { $sealed = $null }
    }
    $names = Get-WantedName -Facts $Facts -Given $Wish.names
    return [ordered]@{
        enrollment = 1; host_name = $Facts.name; names = $names; transport = $Wish.transport; port = $Wish.port
        account = $Wish.account; account_sid = $Facts.account.sid; sealed_password = $sealed
        certificate = $(if ($null -ne $served) { ConvertTo-Pem -Der $served.der })
        fingerprint = $(if ($null -ne $served) { Get-Fingerprint -Der $served.der })
        # Without the comment, which names an account of Windows.
        host_keys = @(if ($Wish.transport -eq 'ssh') { foreach ($line in $Facts.ssh.host_keys) { [string]::Join(' ', $line.Split(' ')[0..1]) } })
        system = "Windows $($Facts.edition) $($Facts.build)"
        time = [datetime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ', [System.Globalization.CultureInfo]::InvariantCulture)
        done = @($Done); told = @(foreach ($one in $Told) { "$($one.id): $($one.say)" })
    }
}

function Show-Enrollment {
    param ([System.Collections.IDictionary]$Enrollment, [string]$File, [string]$Password)
    Show-Line -Text "File:         $File"
    if ($Enrollment.fingerprint) { Show-Line -Text "Fingerprint:  $($Enrollment.fingerprint)" }
    foreach ($line in $Enrollment.host_keys) { Show-Line -Text "Host key:     $line" }
    if ($Enrollment.transport -eq 'ssh') { return }
    if ($Password -and -not $Enrollment.sealed_password) {
        Show-Line -Text "Password of $($Enrollment.account), shown this once and kept nowhere:  $Password"
    }
    elseif (-not $Password -and -not $Enrollment.sealed_password) {
        Show-Line -Text "The password of $($Enrollment.account) was given when the account was made; -NewPassword makes another one"
    }
}

function Show-Told {
    # Shows what a plan tells and is not known yet; returns all that is known then.
    param ([hashtable]$Plan, [object[]]$Known)
    $ids = @(foreach ($one in $Known) { $one.id })
    $fresh = @(foreach ($one in $Plan.told) { if ($ids -notcontains $one.id) { $one } })
    foreach ($one in $fresh) { Show-Line -Text "Note ($($one.id)): $($one.say)" }
    return @($Known) + $fresh
}

function Invoke-Enrollment {
    # Returns the exit code.
    param ([hashtable]$Wish)
    $note = Get-Note
    $facts = Get-Fact -AccountName $Wish.account -Way $Wish.transport
    $plan = Get-Plan -Facts $facts -Wish $Wish -Note $note
    $told = @(Show-Told -Plan $plan -Known @())
    if ($plan.refused.Count -gt 0) {
        Show-Refusal -Reasons @(foreach ($one in $plan.refused) { "($($one.id)) $($one.say)" })
        return 2
    }
    if ($Check) {
        foreach ($step in $plan.steps) { Show-Line -Text "Would be done ($($step.id)): $($step.say)" }
        if ($plan.steps.Count -eq 0) { Show-Line -Text 'Nothing to do' }
        elseif ($null -eq $facts.listeners) { Show-Line -Text 'WinRM does not run, so nobody knows its listeners yet. One that is not ours would be told and kept' }
        return 0
    }
    $file = [System.IO.Path]::Combine($Folder, "$($facts.name).enrollment.json")
    $earlier = Read-Json -Path $file
    if ($plan.steps.Count -eq 0 -and $null -ne $earlier) {
        Show-Line -Text "Nothing to do: $($facts.name) is enrolled as it should be, and nothing was changed"
        Show-Enrollment -Enrollment $earlier -File $file -Password ''
        return 0
    }
    # Before anything is touched: can the file be written, and the password be sealed?
    try {
        $null = Protect-Password -Password 'x' -Path ([System.IO.Path]::Combine($Folder, 'controller.pem'))
        [System.IO.File]::WriteAllText("$file.new", '')
    }
    catch {
        Show-Refusal -Reasons @("(folder) $($_.Exception.Message) -Folder names another place for the file, and for controller.pem")
        return 2
    }
    $made = @{ thumbprint = ''; password = '' }
    $done = [System.Collections.Generic.List[string]]::new()
    for ($round = 1; $plan.steps.Count -gt 0; $round++) {
        if ($round -gt 3) { throw "this did not stay as it was written: $($plan.steps[0].say). Does something else set it? Run this again" }
        foreach ($step in (Get-DueStep -Plan $plan -Facts $facts)) {
            Invoke-Step -Step $step -Facts $facts -Wish $Wish -Note $note -Made $made
            Show-Line -Text "Done ($($step.id)): $($step.say)"
            $done.Add($step.say)
        }
        $Wish.new_password = $false
        $facts = Get-Fact -AccountName $Wish.account -Way $Wish.transport
        $plan = Get-Plan -Facts $facts -Wish $Wish -Note $note
        $told = @(Show-Told -Plan $plan -Known $told)
        if ($plan.refused.Count -gt 0) {
            # Only a running WinRM tells of its listeners; so far it was started, and no more.
            Invoke-RemovalStep -Step @{ id = 'service' } -Facts $facts -Note $note
            Remove-RegistryKey -Path $NoteKey
            [System.IO.File]::Delete("$file.new")
            Show-Refusal -Reasons @(foreach ($one in $plan.refused) { "($($one.id)) $($one.say)" })
            return 2
        }
    }
    $enrollment = Get-Enrollment -Facts $facts -Wish $Wish -Made $made -Done $done -Told $told -Before $earlier
    [System.IO.File]::WriteAllText("$file.new", (ConvertTo-Json -InputObject $enrollment -Depth 5))
    [System.IO.File]::Delete($file)
    [System.IO.File]::Move("$file.new", $file)
    Show-Enrollment -Enrollment $enrollment -File $file -Password $made.password
    return 0
}
