# Takes an enrolment off again, for windows.ps1 -Remove: what is ours goes, and what the note says comes back.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Get-RemovalPlan {
    # Returns {told, steps}: what is ours goes and what the note says comes back; what was changed since stays.
    param ([hashtable]$Facts, [hashtable]$Note)
    $plan = @{ told = [System.Collections.Generic.List[object]]::new(); steps = [System.Collections.Generic.List[object]]::new() }
    if ($null -ne $Facts.rule) { Add-Item -Plan $plan -List 'steps' -Id 'rule' -Say "our firewall rule goes ($Mark)" }
    $listener = Find-Listener -Facts $Facts -Transport 'HTTPS'
    $others = @(foreach ($one in @($Facts.listeners)) { if ($null -ne $one -and $one.transport -ne 'HTTPS') { $one } })
    $goes = $false
    if ($null -ne $Note.listener -and $null -ne $listener) {
        $shown = Find-Certificate -Facts $Facts -Thumbprint $listener.thumbprint
        if ($listener.thumbprint -ne $Note.listener.ours -and ($null -eq $shown -or $shown.mark -ne $Mark)) {
            Add-Item -Plan $plan -List 'told' -Id 'listener-changed' -Say 'the HTTPS listener was given another certificate since, so it stays as it is'
        }
        elseif ($Note.listener.made) {
            $goes = $true
            Add-Item -Plan $plan -List 'steps' -Id 'listener' -Say 'our HTTPS listener goes'
        }
        else { Add-Item -Plan $plan -List 'steps' -Id 'listener-back' -Say 'the HTTPS listener has its old certificate again' }
    }
    foreach ($certificate in $Facts.certificates) {
        if ($certificate.mark -eq $Mark) {
            Add-Item -Plan $plan -List 'steps' -Id 'old-certificate' -Say "our certificate $($certificate.thumbprint) goes" -More @{ thumbprint = $certificate.thumbprint }
        }
    }
    if ($null -ne $Note.token_filter) {
        if ($Facts.policy.token_filter -eq 1) { Add-Item -Plan $plan -List 'steps' -Id 'token-filter' -Say 'LocalAccountTokenFilterPolicy is what it was' }
        else { Add-Item -Plan $plan -List 'told' -Id 'token-filter-changed' -Say 'LocalAccountTokenFilterPolicy was changed since, so it stays as it is' }
    }
    if ($null -ne $Note.service) {
        $stays = $others.Count -gt 0 -or ($null -ne $listener -and -not $goes)
        if ($stays) { Add-Item -Plan $plan -List 'told' -Id 'service-kept' -Say 'other listeners of WinRM are there, so the service goes on' }
        else { Add-Item -Plan $plan -List 'steps' -Id 'service' -Say 'the service WinRM is what it was' }
    }
    if ($null -ne $Note.key) { Add-Item -Plan $plan -List 'steps' -Id 'key' -Say 'the controller''s key goes' }
    if ($null -ne $Note.shell) { Add-Item -Plan $plan -List 'steps' -Id 'shell' -Say 'the shell of SSH is what it was' }
    if ($null -ne $Note.ssh_rule) { Add-Item -Plan $plan -List 'steps' -Id 'ssh-rule' -Say "Windows' own rule for SSH is what it was" }
    if ($null -ne $Note.ssh_service) { Add-Item -Plan $plan -List 'steps' -Id 'ssh-service' -Say 'the service sshd is what it was' }
    if ($Note.capability) { Add-Item -Plan $plan -List 'steps' -Id 'capability' -Say 'OpenSSH Server goes; Windows asks for a restart to finish that' }
    if (Test-OwnAccount -Account $Facts.account -Note $Note) {
        Add-Item -Plan $plan -List 'steps' -Id 'account' -Say "the account $($Note.account.name) goes, with its profile"
    }
    return $plan
}

function Invoke-RemovalStep {
    param ([hashtable]$Step, [hashtable]$Facts, [hashtable]$Note)
    switch ($Step.id) {
        'rule' { Remove-RuleData -Name $Mark }
        'listener' { Remove-ListenerData -Address $Note.listener.address }
        'listener-back' { Set-ListenerData -Address $Note.listener.address -Thumbprint $Note.listener.thumbprint -HostName $Note.listener.host_name -There $true }
        'old-certificate' { Remove-CertificateData -Thumbprint $Step.thumbprint }
        'token-filter' { Set-RegistryData -Path $SystemPolicies -Name 'LocalAccountTokenFilterPolicy' -Data $Note.token_filter.was }
        'service' { Set-ServiceData -Name 'WinRM' -Start $Note.service.start -Running $Note.service.running }
        'key' {
            $others = @(foreach ($line in (Get-TextData -Path $KeyFile)) { if ($line -ne $Note.key.line -or -not $Note.key.added) { $line } })
            Set-TextData -Path $KeyFile -Lines $others
        }
        'shell' { Set-RegistryData -Path $ShellKey -Name 'DefaultShell' -Data $Note.shell.was }
        'ssh-rule' { Set-RuleState -Name $BuiltInSshRule -Enabled $true }
        'ssh-service' { Set-ServiceData -Name 'sshd' -Start $Note.ssh_service.start -Running $Note.ssh_service.running }
        'capability' { Set-SshServer -Installed $false }
        'account' { Remove-AccountData -Sid $Facts.account.sid }
    }
}

function Invoke-Removal {
    # Returns the exit code.
    $note = Get-Note
    $name = if ($null -ne $note.account) { $note.account.name } else { $wish.account }
    $facts = Get-Fact -AccountName $name -Way 'winrm'
    if ($null -ne $note.listener -and $null -eq $facts.listeners -and -not $Check) {
        # Only a running service lets its listeners be changed; what it was comes back below.
        Set-ServiceData -Name 'WinRM' -Start 'Manual' -Running $true
        $facts = Get-Fact -AccountName $name -Way 'winrm'
    }
    $plan = Get-RemovalPlan -Facts $facts -Note $note
    $null = Show-Told -Plan $plan -Known @()
    $word = if ($Check) { 'Would be done' } else { 'Done' }
    foreach ($step in $plan.steps) {
        if (-not $Check) { Invoke-RemovalStep -Step $step -Facts $facts -Note $note }
        Show-Line -Text "$word ($($step.id)): $($step.say)"
    }
    if ($plan.steps.Count -eq 0) { Show-Line -Text 'Nothing of this enrolment is here' }
    if ($Check) { return 0 }
    $fresh = New-Note
    $fresh.account = $note.account
    $left = (Get-RemovalPlan -Facts (Get-Fact -AccountName $name -Way 'winrm') -Note $fresh).steps
    if ($left.Count -gt 0) { throw "this did not go: $($left[0].say). Run -Remove again" }
    Remove-RegistryKey -Path $NoteKey
    Remove-Leaving -Name $Mark -Folder 'C:\Program Files\OffsiteEndpoints\enroll'
    return 0
}
