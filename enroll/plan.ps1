# What has to be done on a Windows machine so that the controller reaches it, and what undoes it. Nothing here reads or
# writes: facts (machine.ps1), wishes and the note in, a plan out. windows.ps1 carries it out. See docs/enrollment.md.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# The name of our firewall rule, and what marks our certificates and our account.
$Mark = 'OffsiteEndpoints-Enrollment'
$RenewDays = 30
$Administrators = 'S-1-5-32-544'
$RemoteManagement = 'S-1-5-32-580'
$System = 'S-1-5-18'
$SystemPolicies = 'SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
$ShellKey = 'SOFTWARE\OpenSSH'
$BuiltInSshRule = 'OpenSSH-Server-In-TCP'

function Add-Item {
    # Adds {id, say} and what else a step needs to one list of a plan.
    param ([hashtable]$Plan, [string]$List, [string]$Id, [string]$Say, [hashtable]$More = @{})
    $Plan[$List].Add(@{ id = $Id; say = $Say } + $More)
}

function New-Note {
    # What was there before our first write. $null and empty lists: nothing of that was touched.
    return @{
        version = 1; service = $null; listener = $null; token_filter = $null; account = $null
        ssh_service = $null; shell = $null; key = $null; ssh_rule = $null; capability = $false
    }
}

# ---- Certificates ---------------------------------------------------------------------------------------------------

function Get-WantedName {
    # Returns the names by which the controller may call this machine: those given, its full name, its own name.
    param ([hashtable]$Facts, [string[]]$Given)
    $names = [System.Collections.Generic.List[string]]::new()
    $full = if ($Facts.domain) { "$($Facts.name).$($Facts.domain)" } else { $Facts.name }
    foreach ($name in @($Given) + $full + $Facts.name) {
        if ($names -notcontains $name) { $names.Add($name) }
    }
    return , $names.ToArray()
}

function Test-Covered {
    # Says whether a certificate's names cover one; a * stands for one whole first label.
    param ([string[]]$Names, [string]$Wanted)
    $rest = '*' + $Wanted.Substring($Wanted.IndexOf('.') + 1).Insert(0, '.')
    return @($Names) -contains $Wanted -or ($Wanted.Contains('.') -and @($Names) -contains $rest)
}

function Get-CertificateFault {
    # Returns why a certificate will not do for all of these names, '' when it will.
    param ([hashtable]$Certificate, [string[]]$Names)
    if (-not $Certificate.has_key) { return 'has no private key on this machine' }
    if (-not $Certificate.for_servers) { return 'is not for servers (its key usage)' }
    if (-not $Certificate.begun) { return 'is not valid yet (is the clock right?)' }
    if ($Certificate.days_left -lt 0) { return 'has expired' }
    foreach ($name in $Names) {
        if (-not (Test-Covered -Names $Certificate.names -Wanted $name)) {
            return "is for $([string]::Join(', ', @($Certificate.names))), not for $name"
        }
    }
    return ''
}

function Find-Certificate {
    param ([hashtable]$Facts, [string]$Thumbprint)
    foreach ($certificate in $Facts.certificates) {
        if ($certificate.thumbprint -eq $Thumbprint) { return $certificate }
    }
    return $null
}

function Select-Certificate {
    # Returns {thumbprint, fault}: the certificate to use, '' for a new one of ours. One that the listener has and that
    # fits stays; then one that somebody else has signed; then ours.
    param ([hashtable]$Facts, [hashtable]$Wish, [string[]]$Names, [string]$Present)
    # One that is not ours has to be for the first name, which the controller uses; ours for all.
    $first = @($Names[0])
    if ($Wish.thumbprint) {
        $asked = Find-Certificate -Facts $Facts -Thumbprint $Wish.thumbprint
        if ($null -eq $asked) { return @{ thumbprint = ''; fault = 'is not in the store of this computer' } }
        return @{ thumbprint = $asked.thumbprint; fault = Get-CertificateFault -Certificate $asked -Names $first }
    }
    $best = $null
    foreach ($certificate in $Facts.certificates) {
        $ours = $certificate.mark -eq $Mark
        $theirs = -not $ours -and $certificate.thumbprint -eq $Present
        $names = if ($ours) { $Names } else { $first }
        if (Get-CertificateFault -Certificate $certificate -Names $names) { continue }
        # Whoever made a listener renews its certificate.
        if ($certificate.days_left -le $RenewDays -and -not $theirs) { continue }
        if (-not $ours -and $certificate.self_signed -and -not $theirs) { continue }
        $rank = $certificate.days_left
        if ($certificate.mark -ne $Mark) { $rank += 100000 }
        if ($certificate.thumbprint -eq $Present) { $rank += 1000000 }
        if ($null -eq $best -or $rank -gt $best.rank) { $best = @{ thumbprint = $certificate.thumbprint; rank = $rank } }
    }
    if ($null -eq $best) { return @{ thumbprint = ''; fault = '' } }
    return @{ thumbprint = $best.thumbprint; fault = '' }
}

# ---- The firewall ---------------------------------------------------------------------------------------------------

function ConvertTo-Scope {
    # Returns an address as it is compared: Windows gives a network with its mask.
    param ([string]$Address)
    $parts = $Address.ToLowerInvariant().Split('/')
    if ($parts.Count -eq 2 -and $parts[1].Contains('.')) {
        $bits = foreach ($octet in $parts[1].Split('.')) { [System.Convert]::ToString([int]$octet, 2) }
        $parts[1] = [string][string]::Join('', @($bits)).Replace('0', '').Length
    }
    if ($parts.Count -eq 2 -and $parts[1] -ne '32' -and $parts[1] -ne '128') { return [string]::Join('/', $parts) }
    return $parts[0]
}

function Test-SameScope {
    param ([string[]]$One, [string[]]$Other)
    $first = @(foreach ($address in $One) { ConvertTo-Scope -Address $address })
    $second = @(foreach ($address in $Other) { ConvertTo-Scope -Address $address })
    $missing = @(foreach ($address in $first) { if ($second -notcontains $address) { $address } })
    $beyond = @(foreach ($address in $second) { if ($first -notcontains $address) { $address } })
    return $missing.Count + $beyond.Count -eq 0
}

function Add-RulePlan {
    param ([hashtable]$Plan, [hashtable]$Facts, [hashtable]$Wish)
    $rule = $Facts.rule
    $there = $null -ne $rule -and $rule.enabled -and $rule.allows -and $rule.profiles -eq 'Any' -and $rule.port -eq [string]$Wish.port
    if (-not $there -or -not (Test-SameScope -One $rule.addresses -Other $Wish.controller)) {
        $from = [string]::Join(', ', @($Wish.controller))
        Add-Item -Plan $Plan -List 'steps' -Id 'rule' -Say "the firewall lets $from, and nobody else, reach port $($Wish.port) (rule $Mark, every network)"
    }
    if ($Facts.policy.firewall_merge -eq 0) {
        Add-Item -Plan $Plan -List 'told' -Id 'policy-firewall' -Say "Group Policy lets no rule of this machine count in a Public network, so ours does not there: ask who keeps it for a rule for port $($Wish.port)"
    }
}

# ---- The account ----------------------------------------------------------------------------------------------------

function Test-OwnAccount {
    # Says whether the account is the one that we made: by its SID, or by its name where we were cut off while making it.
    param ([object]$Account, [hashtable]$Note)
    if ($null -eq $Account -or $null -eq $Note.account -or $Note.account.name -ne $Account.name) { return $false }
    return $Note.account.sid -eq '' -or $Note.account.sid -eq $Account.sid
}

function Add-AccountPlan {
    param ([hashtable]$Plan, [hashtable]$Facts, [hashtable]$Wish, [hashtable]$Note)
    $account = $Facts.account
    $own = Test-OwnAccount -Account $account -Note $Note
    if ($null -ne $account -and -not $own) {
        Add-Item -Plan $Plan -List 'refused' -Id 'account-taken' -Say "an account $($Wish.account) is there that this script did not make, so its password is not touched. Name another one: -Account NAME"
        return
    }
    if ($null -ne $Note.account -and $Note.account.name -ne $Wish.account) {
        Add-Item -Plan $Plan -List 'refused' -Id 'account-other' -Say "this machine is enrolled with the account $($Note.account.name). Keep that name, or run with -Remove first"
        return
    }
    if ($null -eq $account) {
        Add-Item -Plan $Plan -List 'steps' -Id 'account' -Say "a local account $($Wish.account) with a random password"
    }
    elseif ($Note.account.sid -eq '' -or -not $account.enabled -or $Wish.new_password) {
        Add-Item -Plan $Plan -List 'steps' -Id 'password' -Say "a new random password for $($Wish.account)"
    }
    foreach ($group in $Administrators, $RemoteManagement) {
        $members = $Facts.members[$group]
        # Windows without Remote Management Users: an administrator may come in all the same.
        if ($null -ne $members -and ($null -eq $account -or @($members) -notcontains $account.sid)) {
            Add-Item -Plan $Plan -List 'steps' -Id 'member' -Say "$($Wish.account) is a member of the group $group" -More @{ group = $group }
        }
    }
}

# ---- What others decide (docs/sources/windows.md#enrolment) -------------------------------------------------------------

function Add-PolicyTold {
    param ([hashtable]$Plan, [hashtable]$Facts, [hashtable]$Wish)
    $policy = $Facts.policy
    if ($policy.enable_scripts -eq 0 -or $policy.execution_policy -in 'AllSigned', 'Restricted') {
        Add-Item -Plan $Plan -List 'told' -Id 'policy-scripts' -Say 'Group Policy decides which scripts may run here (Turn on Script Execution). Ansible may fail: ask who keeps it to allow this account'
    }
    if ($policy.filter_administrator -eq 1) {
        Add-Item -Plan $Plan -List 'told' -Id 'filter-administrator-token' -Say "the built-in Administrator is filtered by UAC here (FilterAdministratorToken), so the controller has to use $($Wish.account)"
    }
    if ($policy.admin_approval -eq 2) {
        Add-Item -Plan $Plan -List 'told' -Id 'administrator-protection' -Say 'Administrator protection is on here. It is about people at the screen; should the controller be refused as no administrator, see docs/enrollment.md'
    }
    if (-not $Facts.on_network) {
        Add-Item -Plan $Plan -List 'told' -Id 'no-network' -Say 'this machine is on no network just now. All is set up; whether the controller reaches it shows when it is'
    }
    elseif ($Facts.public_network) {
        Add-Item -Plan $Plan -List 'told' -Id 'public-network' -Say 'the network here is Public. That makes no difference: our rule holds in every kind, for the controller alone'
    }
}

function Add-WinRmPolicy {
    param ([hashtable]$Plan, [hashtable]$Facts)
    $policy = $Facts.policy
    $cure = 'Ask who keeps that policy, or use -Transport ssh'
    if ($policy.winrm -eq 0) {
        Add-Item -Plan $Plan -List 'refused' -Id 'policy-winrm' -Say "Group Policy does not let WinRM answer (Allow remote server management through WinRM). $cure"
    }
    elseif ($null -ne $policy.winrm_filter -and $policy.winrm_filter -ne '*') {
        Add-Item -Plan $Plan -List 'told' -Id 'policy-filter' -Say "Group Policy lets WinRM listen on these addresses only (IPv4 filter): '$($policy.winrm_filter)'. Is this machine's among them?"
    }
    if ($policy.negotiate -eq 0) {
        Add-Item -Plan $Plan -List 'refused' -Id 'policy-negotiate' -Say "Group Policy forbids Negotiate, and with it NTLM, to WinRM (Disallow Negotiate authentication). $cure"
    }
    if ($policy.shell -eq 0) {
        Add-Item -Plan $Plan -List 'refused' -Id 'policy-shell' -Say "Group Policy forbids remote shells (Allow Remote Shell Access). $cure"
    }
    if ($policy.receiving_ntlm -eq 2) {
        Add-Item -Plan $Plan -List 'refused' -Id 'policy-ntlm' -Say "this machine takes no NTLM logon from the network (RestrictReceivingNTLMTraffic 2). $cure"
    }
}

# ---- WinRM ----------------------------------------------------------------------------------------------------------

function Find-Listener {
    param ([hashtable]$Facts, [string]$Transport)
    foreach ($listener in @($Facts.listeners)) {
        if ($null -ne $listener -and $listener.transport -eq $Transport) { return $listener }
    }
    return $null
}

function Add-ListenerTold {
    param ([hashtable]$Plan, [hashtable]$Facts)
    if ($null -ne (Find-Listener -Facts $Facts -Transport 'HTTP')) {
        Add-Item -Plan $Plan -List 'told' -Id 'http-listener' -Say 'WinRM listens without TLS, too. That listener is not ours and stays; nothing here needs it'
    }
    if ($Facts.basic) {
        Add-Item -Plan $Plan -List 'told' -Id 'basic' -Say 'WinRM takes Basic authentication. That is not ours and stays; nothing here needs it'
    }
    if ($Facts.unencrypted) {
        Add-Item -Plan $Plan -List 'told' -Id 'unencrypted' -Say 'WinRM takes messages that are not encrypted. That is not ours and stays; nothing here needs it'
    }
}

function Add-ListenerPlan {
    param ([hashtable]$Plan, [hashtable]$Facts, [hashtable]$Wish, [hashtable]$Note)
    $listener = Find-Listener -Facts $Facts -Transport 'HTTPS'
    $present = if ($null -eq $listener) { '' } else { $listener.thumbprint }
    $names = Get-WantedName -Facts $Facts -Given $Wish.names
    $chosen = Select-Certificate -Facts $Facts -Wish $Wish -Names $names -Present $present
    if ($chosen.fault) {
        Add-Item -Plan $Plan -List 'refused' -Id 'certificate' -Say "the certificate $($Wish.thumbprint) $($chosen.fault). Name another one, or leave -Thumbprint out"
        return
    }
    if ($null -ne $listener -and -not $listener.from_machine) {
        Add-Item -Plan $Plan -List 'refused' -Id 'policy-listener' -Say 'the HTTPS listener is set by Group Policy. Ask who keeps it for a certificate with the name of this machine'
        return
    }
    if ($null -ne $listener -and $null -eq $Note.listener -and $present -ne $chosen.thumbprint -and -not $Wish.take_listener) {
        $found = Find-Certificate -Facts $Facts -Thumbprint $present
        $fault = if ($null -eq $found) { 'is not in the store' } else { Get-CertificateFault -Certificate $found -Names @($names[0]) }
        if (-not $fault) { $fault = 'is another one than -Thumbprint names' }
        Add-Item -Plan $Plan -List 'refused' -Id 'listener-taken' -Say "WinRM has an HTTPS listener that is not ours, and its certificate $fault. -TakeListener gives it another certificate, until -Remove; or have the old one renewed"
        return
    }
    if (-not $chosen.thumbprint) {
        $say = "a certificate of its own for $([string]::Join(', ', $names))"
        Add-Item -Plan $Plan -List 'steps' -Id 'certificate' -Say $say -More @{ names = $names }
    }
    if ($null -eq $listener -or $present -ne $chosen.thumbprint -or -not $chosen.thumbprint) {
        Add-Item -Plan $Plan -List 'steps' -Id 'listener' -Say "WinRM listens with TLS on port $($Wish.port)" -More @{
            thumbprint = $chosen.thumbprint; host_name = $names[0]
        }
    }
    foreach ($certificate in $Facts.certificates) {
        if ($certificate.mark -eq $Mark -and $certificate.thumbprint -ne $chosen.thumbprint) {
            Add-Item -Plan $Plan -List 'steps' -Id 'old-certificate' -Say "our certificate $($certificate.thumbprint), which is not used any more, goes" -More @{
                thumbprint = $certificate.thumbprint
            }
        }
    }
}

function Add-WinRmPlan {
    param ([hashtable]$Plan, [hashtable]$Facts, [hashtable]$Wish, [hashtable]$Note)
    Add-WinRmPolicy -Plan $Plan -Facts $Facts
    if ($Facts.service.start -ne 'Automatic' -or -not $Facts.service.running) {
        Add-Item -Plan $Plan -List 'steps' -Id 'service' -Say 'the service WinRM runs, and starts with Windows'
    }
    Add-ListenerTold -Plan $Plan -Facts $Facts
    Add-ListenerPlan -Plan $Plan -Facts $Facts -Wish $Wish -Note $Note
    Add-AccountPlan -Plan $Plan -Facts $Facts -Wish $Wish -Note $Note
    if ($Facts.policy.token_filter -ne 1) {
        Add-Item -Plan $Plan -List 'steps' -Id 'token-filter' -Say 'a local administrator who logs on from the network has an administrator''s rights (LocalAccountTokenFilterPolicy 1); without, UAC takes them away and WinRM refuses'
    }
    if ($Facts.policy.token_filter -eq 0) {
        Add-Item -Plan $Plan -List 'told' -Id 'token-filter-baseline' -Say 'LocalAccountTokenFilterPolicy was 0, as security baselines set it. If a policy sets it again, the controller will be refused: ask who keeps it'
    }
    Add-RulePlan -Plan $Plan -Facts $Facts -Wish $Wish
}

# ---- SSH ------------------------------------------------------------------------------------------------------------

function Test-SafeRights {
    # Says whether nobody but Windows and administrators may do what is asked: 'write', or anything at all.
    param ([object]$Rights, [switch]$ToWriteOnly)
    foreach ($entry in $Rights.entries) {
        $theirs = $entry.sid -eq $System -or $entry.sid -eq $Administrators
        if (-not $theirs -and ($entry.write -or -not $ToWriteOnly)) { return $false }
    }
    return $true
}

function Add-SshPlan {
    param ([hashtable]$Plan, [hashtable]$Facts, [hashtable]$Wish, [hashtable]$Note)
    $ssh = $Facts.ssh
    if (-not $ssh.installed) {
        Add-Item -Plan $Plan -List 'steps' -Id 'capability' -Say 'OpenSSH Server, a part of Windows, is installed (from Windows Update)'
    }
    foreach ($folder in $ssh.folders) {
        if (-not (Test-SafeRights -Rights $folder.rights -ToWriteOnly)) {
            Add-Item -Plan $Plan -List 'steps' -Id 'rights' -Say "nobody but administrators may write to $($folder.path); sshd ends with error 1067 otherwise" -More @{
                path = $folder.path; sddl = $folder.sddl
            }
        }
    }
    # Its first start makes its folder and its own keys.
    if ($null -eq $ssh.service -or $ssh.service.start -ne 'Automatic' -or -not $ssh.service.running) {
        Add-Item -Plan $Plan -List 'steps' -Id 'ssh-service' -Say 'the service sshd runs, and starts with Windows'
    }
    $open = $null -ne $ssh.key_rights -and -not (Test-SafeRights -Rights $ssh.key_rights)
    if (@($ssh.keys) -notcontains $Wish.key -or $open -or ($null -ne $ssh.key_rights -and -not $ssh.key_rights.protected)) {
        Add-Item -Plan $Plan -List 'steps' -Id 'key' -Say 'the controller''s key may log on as an administrator (administrators_authorized_keys, for administrators alone to read)'
    }
    if ($ssh.shell -ne $Wish.shell) {
        Add-Item -Plan $Plan -List 'steps' -Id 'shell' -Say 'PowerShell is the shell of those who log on by SSH (DefaultShell)'
    }
    # Windows brings a rule that lets in everybody; where we brought OpenSSH, it is ours to close.
    if ($null -ne $ssh.rule -and $ssh.rule.enabled) {
        if ($Note.capability) {
            Add-Item -Plan $Plan -List 'steps' -Id 'ssh-rule' -Say "Windows' own rule for SSH, which lets in everybody, is off ($BuiltInSshRule)"
        }
        else {
            Add-Item -Plan $Plan -List 'told' -Id 'ssh-rule' -Say "Windows' own rule lets everybody reach SSH ($BuiltInSshRule). It was there before and stays"
        }
    }
    Add-AccountPlan -Plan $Plan -Facts $Facts -Wish $Wish -Note $Note
    Add-RulePlan -Plan $Plan -Facts $Facts -Wish $Wish
}

function Get-Plan {
    # Returns {refused, told, steps}: lists of {id, say, ...}. With anything refused, nothing is done.
    param ([hashtable]$Facts, [hashtable]$Wish, [hashtable]$Note)
    $plan = @{}
    foreach ($list in 'refused', 'told', 'steps') { $plan[$list] = [System.Collections.Generic.List[object]]::new() }
    Add-PolicyTold -Plan $plan -Facts $Facts -Wish $Wish
    if ($Wish.transport -eq 'winrm') { Add-WinRmPlan -Plan $plan -Facts $Facts -Wish $Wish -Note $Note }
    else { Add-SshPlan -Plan $plan -Facts $Facts -Wish $Wish -Note $Note }
    return $plan
}
