# Takes the place of enroll/machine.ps1: a machine of a vector, which does what Windows does as far as is documented, and
# refuses what Windows would refuse. $global:Machine holds it, as hashtables.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Get-RegistryData {
    param ([string]$Path, [string]$Name)
    if (-not $global:Machine.registry.ContainsKey($Path)) { return $null }
    return $global:Machine.registry[$Path][$Name]
}

function Set-RegistryData {
    param ([string]$Path, [string]$Name, [AllowNull()] [object]$Data)
    if (-not $global:Machine.registry.ContainsKey($Path)) { $global:Machine.registry[$Path] = @{} }
    if ($null -eq $Data) { $global:Machine.registry[$Path].Remove($Name) }
    else { $global:Machine.registry[$Path][$Name] = $Data }
}

function Remove-RegistryKey {
    param ([string]$Path)
    $global:Machine.registry.Remove($Path)
}

function Test-Administrator { return $global:Machine.administrator }

function Get-NetworkKind { return @($global:Machine.networks) }

function Get-ServiceData {
    param ([string]$Name)
    if (-not $global:Machine.services.ContainsKey($Name)) { return $null }
    return $global:Machine.services[$Name].Clone()
}

function Set-ServiceData {
    param ([string]$Name, [string]$Start, [bool]$Running)
    if (-not $global:Machine.services.ContainsKey($Name)) { throw "Cannot find any service with service name '$Name'." }
    $started = $Running -and -not $global:Machine.services[$Name].running
    if ($Name -eq 'sshd' -and $started) { Start-Sshd }
    $global:Machine.services[$Name] = @{ start = $Start; running = $Running }
}

function Start-Sshd {
    # Since October 2024 it looks who may write where it writes (docs/sources/windows.md#openssh).
    $folder = 'C:\ProgramData\ssh'
    foreach ($path in $folder, "$folder\logs") {
        if (-not $global:Machine.files.ContainsKey($path)) {
            $global:Machine.files[$path] = @{ lines = @(); protected = $true; rights = @(@{ sid = 'S-1-5-18'; write = $true }) }
        }
        foreach ($entry in $global:Machine.files[$path].rights) {
            if ($entry.write -and $entry.sid -notin 'S-1-5-18', 'S-1-5-32-544') { throw 'The service did not start: error 1067' }
        }
    }
    $global:Machine.files["$folder\ssh_host_ed25519_key.pub"] = @{ lines = @('ssh-ed25519 AAAAhost nt authority\system@NB-0101'); protected = $true; rights = @() }
}

function Assert-Running {
    if (-not $global:Machine.services.WinRM.running) { throw 'The client cannot connect to the destination: is the WinRM service running?' }
}

function Get-CertificateData { return @(foreach ($one in $global:Machine.certificates) { $one.Clone() }) }

function New-CertificateData {
    param ([string[]]$Names, [string]$Mark)
    $global:Machine.made++
    $thumbprint = "{0:X40}" -f $global:Machine.made
    $made = @{
        thumbprint = $thumbprint; names = @($Names); mark = $Mark; has_key = $true; self_signed = $true; for_servers = $true
        begun = $true; days_left = 730; der = [System.Convert]::ToBase64String([System.Text.Encoding]::UTF8.GetBytes("certificate $thumbprint"))
    }
    $global:Machine.certificates = @($global:Machine.certificates) + $made
    return $thumbprint
}

function Remove-CertificateData {
    param ([string]$Thumbprint)
    foreach ($one in $global:Machine.listeners) { if ($one.thumbprint -eq $Thumbprint) { throw 'a listener uses this certificate' } }
    $global:Machine.certificates = @(foreach ($one in $global:Machine.certificates) { if ($one.thumbprint -ne $Thumbprint) { $one } })
}

function Get-WinRmData {
    Assert-Running
    $listeners = @(foreach ($one in $global:Machine.listeners) { $one.Clone() })
    return @{ listeners = $listeners; basic = $global:Machine.basic; unencrypted = $global:Machine.unencrypted }
}

function Set-ListenerData {
    param ([string]$Address, [string]$Thumbprint, [string]$HostName, [bool]$There)
    Assert-Running
    $usable = @(foreach ($one in $global:Machine.certificates) { if ($one.thumbprint -eq $Thumbprint -and $one.has_key) { $one } })
    if ($usable.Count -ne 1) { throw 'The WinRM client cannot process the request: the certificate is not in the store' }
    $found = @(foreach ($one in $global:Machine.listeners) { if ($one.transport -eq 'HTTPS' -and $one.address -eq $Address) { $one } })
    if ($There -ne ($found.Count -eq 1)) { throw 'The WS-Management service cannot create the resource, or does not find it' }
    if ($There) {
        $found[0].thumbprint = $Thumbprint
        $found[0].host_name = $HostName
        return
    }
    $made = @{ transport = 'HTTPS'; address = $Address; port = 5986; thumbprint = $Thumbprint; host_name = $HostName; from_machine = $true }
    $global:Machine.listeners = @($global:Machine.listeners) + $made
}

function Remove-ListenerData {
    param ([string]$Address)
    Assert-Running
    $left = @(foreach ($one in $global:Machine.listeners) { if ($one.transport -ne 'HTTPS' -or $one.address -ne $Address) { $one } })
    if ($left.Count -eq @($global:Machine.listeners).Count) { throw 'The WS-Management service cannot find the resource' }
    $global:Machine.listeners = $left
}

function Get-RuleData {
    param ([string]$Name)
    if (-not $global:Machine.rules.ContainsKey($Name)) { return $null }
    return $global:Machine.rules[$Name].Clone()
}

function Set-RuleData {
    param ([string]$Name, [int]$Port, [string[]]$Addresses)
    # Windows gives a network back with its mask.
    $kept = @(foreach ($one in $Addresses) { $one.Replace('/16', '/255.255.0.0').Replace('/24', '/255.255.255.0') })
    $global:Machine.rules[$Name] = @{ enabled = $true; allows = $true; profiles = 'Any'; port = [string]$Port; addresses = $kept }
}

function Remove-RuleData {
    param ([string]$Name)
    if (-not $global:Machine.rules.ContainsKey($Name)) { throw "No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '$Name'" }
    $global:Machine.rules.Remove($Name)
}

function Set-RuleState {
    param ([string]$Name, [bool]$Enabled)
    $global:Machine.rules[$Name].enabled = $Enabled
}

function Get-AccountData {
    param ([string]$Name)
    if (-not $global:Machine.accounts.ContainsKey($Name)) { return $null }
    $found = $global:Machine.accounts[$Name]
    return @{ name = $Name; sid = $found.sid; enabled = $found.enabled }
}

function Set-AccountData {
    param ([string]$Name, [string]$Password, [string]$Mark, [bool]$There)
    if ($There -ne $global:Machine.accounts.ContainsKey($Name)) { throw 'the account is there already, or is not' }
    $sid = if ($There) { $global:Machine.accounts[$Name].sid } else { "S-1-5-21-1-2-3-$(2000 + $global:Machine.accounts.Count)" }
    $global:Machine.accounts[$Name] = @{ sid = $sid; enabled = $true; password = $Password }
}

function Remove-AccountData {
    param ([string]$Sid)
    foreach ($name in @($global:Machine.accounts.Keys)) { if ($global:Machine.accounts[$name].sid -eq $Sid) { $global:Machine.accounts.Remove($name) } }
    # Windows takes a local account out of the groups of its machine.
    foreach ($group in $global:Machine.groups.Values) { $group.members = @(foreach ($one in $group.members) { if ($one -ne $Sid) { $one } }) }
}

function Get-MemberData {
    param ([string]$Sid)
    if (-not $global:Machine.groups.ContainsKey($Sid)) { return $null }
    return , @($global:Machine.groups[$Sid].members)
}

function Add-MemberData {
    param ([string]$GroupSid, [string]$Sid)
    $known = @(foreach ($one in $global:Machine.accounts.Values) { $one.sid })
    if ($known -notcontains $Sid) { throw "Principal $Sid was not found." }
    if ($global:Machine.groups[$GroupSid].members -contains $Sid) { throw "$Sid is already a member of group $GroupSid." }
    $global:Machine.groups[$GroupSid].members = @($global:Machine.groups[$GroupSid].members) + $Sid
}

function Test-SshServer { return $global:Machine.services.ContainsKey('sshd') }

function Set-SshServer {
    param ([bool]$Installed)
    if (-not $Installed) {
        $global:Machine.services.Remove('sshd')
        $global:Machine.rules.Remove('OpenSSH-Server-In-TCP')
        return
    }
    if (-not $global:Machine.windows_update) { throw 'Add-WindowsCapability failed. Error code = 0x8024402c' }
    $global:Machine.services['sshd'] = @{ start = 'Manual'; running = $false }
    $global:Machine.rules['OpenSSH-Server-In-TCP'] = @{ enabled = $true; allows = $true; profiles = 'Any'; port = '22'; addresses = @('Any') }
}

function Get-RightsData {
    param ([string]$Path)
    if (-not $global:Machine.files.ContainsKey($Path)) { return $null }
    return @{ protected = $global:Machine.files[$Path].protected; entries = @($global:Machine.files[$Path].rights) }
}

function Set-RightsData {
    param ([string]$Path, [string]$Sddl)
    $entries = @(@{ sid = 'S-1-5-18'; write = $true }, @{ sid = 'S-1-5-32-544'; write = $true })
    if ($Sddl.Contains(';;;AU)')) { $entries += @{ sid = 'S-1-5-11'; write = $false } }
    $global:Machine.files[$Path].protected = $Sddl.Contains('D:PAI')
    $global:Machine.files[$Path].rights = $entries
}

function Get-TextData {
    param ([string]$Path)
    if (-not $global:Machine.files.ContainsKey($Path)) { return @() }
    return @($global:Machine.files[$Path].lines)
}

function Set-TextData {
    param ([string]$Path, [AllowEmptyCollection()] [string[]]$Lines)
    if (@($Lines).Count -eq 0) {
        $global:Machine.files.Remove($Path)
        return
    }
    if (-not $global:Machine.files.ContainsKey($Path)) {
        # A new file inherits what the folder lets others do.
        $global:Machine.files[$Path] = @{ lines = @(); protected = $false; rights = @(@{ sid = 'S-1-5-11'; write = $false }) }
    }
    $global:Machine.files[$Path].lines = @($Lines)
}

function Remove-Leaving {
    param ([string]$Name, [string]$Folder)
    $global:Machine.leaving = @(foreach ($one in $global:Machine.leaving) { if ($one -ne $Name -and $one -ne $Folder) { $one } })
}

function Get-ProgramData { return 'C:\ProgramData' }
