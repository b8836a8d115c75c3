# All that windows.ps1 reads and writes on Windows, one small function each; nothing here decides. Tests put others in
# their place. Windows PowerShell 5.1 and PowerShell 7.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Open-LocalKey {
    # Returns a key below HKLM of the 64-bit registry; $null where there is none.
    param ([string]$Path, [switch]$ForWriting)
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
    try {
        if ($ForWriting) { return $base.CreateSubKey($Path) }
        return $base.OpenSubKey($Path)
    }
    finally { $base.Dispose() }
}

function Get-RegistryData {
    # Returns a value's data, $null where there is none.
    param ([string]$Path, [string]$Name)
    $key = Open-LocalKey -Path $Path
    if ($null -eq $key) { return $null }
    try { return $key.GetValue($Name) }
    finally { $key.Dispose() }
}

function Set-RegistryData {
    # Writes a number or a text; $null takes the value away.
    param ([string]$Path, [string]$Name, [AllowNull()] [object]$Data)
    $key = Open-LocalKey -Path $Path -ForWriting
    try {
        if ($null -eq $Data) { $key.DeleteValue($Name, $false) }
        elseif ($Data -is [string]) { $key.SetValue($Name, $Data, [Microsoft.Win32.RegistryValueKind]::String) }
        else { $key.SetValue($Name, [int]$Data, [Microsoft.Win32.RegistryValueKind]::DWord) }
    }
    finally { $key.Dispose() }
}

function Remove-RegistryKey {
    param ([string]$Path)
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, [Microsoft.Win32.RegistryView]::Registry64)
    try { $base.DeleteSubKeyTree($Path, $false) }
    finally { $base.Dispose() }
}

function Test-Administrator {
    $caller = [System.Security.Principal.WindowsPrincipal][System.Security.Principal.WindowsIdentity]::GetCurrent()
    return $caller.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)
}

function Get-NetworkKind {
    # Returns the category of each network that the machine is on: 0 Public, 1 Private, 2 domain.
    $found = @(Get-CimInstance -Namespace 'root/StandardCimv2' -ClassName 'MSFT_NetConnectionProfile')
    return @(foreach ($network in $found) { [int]$network.NetworkCategory })
}

function Get-ServiceData {
    # Returns {start, running}; $null where there is no such service.
    param ([string]$Name)
    $service = Get-CimInstance -ClassName 'Win32_Service' -Filter "Name='$Name'"
    if ($null -eq $service) { return $null }
    $start = if ($service.StartMode -eq 'Auto') { 'Automatic' } else { [string]$service.StartMode }
    return @{ start = $start; running = [bool]$service.Started }
}

function Set-ServiceData {
    param ([string]$Name, [string]$Start, [bool]$Running)
    Set-Service -Name $Name -StartupType $Start
    if ($Running) { Start-Service -Name $Name }
    else { Stop-Service -Name $Name -Force }
}

# ---- Certificates and WinRM -----------------------------------------------------------------------------------------

function Read-DerItem {
    # Returns {tag, begin, end} of the item that begins at a byte.
    param ([byte[]]$Raw, [int]$At)
    $length = [int]$Raw[$At + 1]
    $begin = $At + 2
    if ($length -ge 0x80) {
        $more = $length - 0x80
        $length = 0
        for ($number = 0; $number -lt $more; $number++) { $length = $length * 256 + $Raw[$begin + $number] }
        $begin += $more
    }
    return @{ tag = [int]$Raw[$At]; begin = $begin; end = $begin + $length }
}

function ConvertFrom-AlternativeName {
    # Returns the names and addresses in the bytes of a certificate's extension 2.5.29.17. DnsNameList leaves addresses out, and
    # what Windows makes of the rest is translated.
    param ([byte[]]$Raw)
    $whole = Read-DerItem -Raw $Raw -At 0
    for ($at = $whole.begin; $at -lt $whole.end; $at = $item.end) {
        $item = Read-DerItem -Raw $Raw -At $at
        $bytes = [byte[]]@(for ($one = $item.begin; $one -lt $item.end; $one++) { $Raw[$one] })
        if ($item.tag -eq 0x82) { [System.Text.Encoding]::ASCII.GetString($bytes) }
        if ($item.tag -eq 0x87) { [System.Net.IPAddress]::new($bytes).ToString() }
    }
}

function Get-CertificateData {
    # Returns the certificates of the computer's own store.
    $store = [System.Security.Cryptography.X509Certificates.X509Store]::new('My', 'LocalMachine')
    $store.Open('ReadOnly')
    try {
        return @(foreach ($certificate in $store.Certificates) {
                $names = @()
                $usages = @()
                foreach ($extension in $certificate.Extensions) {
                    if ($extension.Oid.Value -eq '2.5.29.17') { $names = @(ConvertFrom-AlternativeName -Raw $extension.RawData) }
                    if ($extension.Oid.Value -eq '2.5.29.37') { $usages = @(foreach ($usage in $extension.EnhancedKeyUsages) { $usage.Value }) }
                }
                @{
                    thumbprint = $certificate.Thumbprint; names = $names; mark = $certificate.FriendlyName
                    has_key = $certificate.HasPrivateKey; self_signed = $certificate.Subject -eq $certificate.Issuer
                    for_servers = $usages.Count -eq 0 -or $usages -contains '1.3.6.1.5.5.7.3.1'
                    begun = $certificate.NotBefore -le [datetime]::Now
                    days_left = [int][math]::Floor(($certificate.NotAfter - [datetime]::Now).TotalDays)
                    der = [System.Convert]::ToBase64String($certificate.RawData)
                }
            })
    }
    finally { $store.Close() }
}

function New-CertificateData {
    # Makes a certificate of its own for these names and addresses, two years long; returns its thumbprint.
    param ([string[]]$Names, [string]$Mark)
    $parts = foreach ($name in $Names) {
        $address = $null
        if ([System.Net.IPAddress]::TryParse($name, [ref]$address)) { "IPAddress=$name" } else { "DNS=$name" }
    }
    $settings = @{
        Subject = "CN=$($Names[0])"; CertStoreLocation = 'Cert:\LocalMachine\My'; FriendlyName = $Mark
        Type = 'Custom'; KeyAlgorithm = 'RSA'; KeyLength = 3072; HashAlgorithm = 'SHA256'; KeyExportPolicy = 'NonExportable'
        KeyUsage = 'DigitalSignature', 'KeyEncipherment'; NotAfter = [datetime]::Now.AddYears(2)
        TextExtension = @('2.5.29.37={text}1.3.6.1.5.5.7.3.1', "2.5.29.17={text}$([string]::Join('&', @($parts)))")
    }
    return (New-SelfSignedCertificate @settings).Thumbprint
}

function Remove-CertificateData {
    param ([string]$Thumbprint)
    Remove-Item -LiteralPath "Cert:\LocalMachine\My\$Thumbprint" -DeleteKey
}

function Get-XmlText {
    # What Group Policy has set carries an attribute that says so, and is no plain text then.
    param ([AllowNull()] [object]$Value)
    if ($Value -is [System.Xml.XmlElement]) { return $Value.InnerText }
    return [string]$Value
}

function Get-WinRmData {
    # Returns {listeners, basic, unencrypted}; only a running service tells.
    $service = Get-WSManInstance -ResourceURI 'winrm/config/service'
    return @{
        basic = (Get-XmlText -Value $service.Auth.Basic) -eq 'true'
        unencrypted = (Get-XmlText -Value $service.AllowUnencrypted) -eq 'true'
        listeners = @(foreach ($found in @(Get-WSManInstance -ResourceURI 'winrm/config/listener' -Enumerate)) {
                @{
                    transport = Get-XmlText -Value $found.Transport; address = Get-XmlText -Value $found.Address
                    port = [int](Get-XmlText -Value $found.Port); host_name = Get-XmlText -Value $found.Hostname
                    thumbprint = (Get-XmlText -Value $found.CertificateThumbprint).Replace(' ', '').ToUpperInvariant()
                    from_machine = $found.GetAttribute('Source') -ne 'GPO'
                }
            })
    }
}

function Set-ListenerData {
    # Makes the HTTPS listener, or gives the one that is there another certificate.
    param ([string]$Address, [string]$Thumbprint, [string]$HostName, [bool]$There)
    $which = @{ Address = $Address; Transport = 'HTTPS' }
    $values = @{ CertificateThumbprint = $Thumbprint; Hostname = $HostName; Enabled = 'true' }
    $uri = 'winrm/config/Listener'
    if ($There) { $null = Set-WSManInstance -ResourceURI $uri -SelectorSet $which -ValueSet $values }
    else { $null = New-WSManInstance -ResourceURI $uri -SelectorSet $which -ValueSet $values }
}

function Remove-ListenerData {
    param ([string]$Address)
    Remove-WSManInstance -ResourceURI 'winrm/config/Listener' -SelectorSet @{ Address = $Address; Transport = 'HTTPS' }
}

# ---- The firewall ---------------------------------------------------------------------------------------------------

function Get-RuleData {
    # Returns {enabled, allows, profiles, port, addresses}; $null where there is no such rule.
    param ([string]$Name)
    # -ErrorAction each time: the firewall's cmdlets belong to a module, which does not see this script's preference.
    try { $rule = Get-NetFirewallRule -PolicyStore 'PersistentStore' -Name $Name -ErrorAction Stop }
    catch {
        if ($_.CategoryInfo.Category -eq [System.Management.Automation.ErrorCategory]::ObjectNotFound) { return $null }
        throw
    }
    $address = Get-NetFirewallAddressFilter -AssociatedNetFirewallRule $rule -ErrorAction Stop
    $port = Get-NetFirewallPortFilter -AssociatedNetFirewallRule $rule -ErrorAction Stop
    return @{
        enabled = "$($rule.Enabled)" -eq 'True'; allows = "$($rule.Action)" -eq 'Allow'; profiles = "$($rule.Profile)"
        port = "$($port.LocalPort)"; addresses = @(foreach ($one in @($address.RemoteAddress)) { "$one" })
    }
}

function Set-RuleData {
    # Puts our rule in place of what was there under its name.
    param ([string]$Name, [int]$Port, [string[]]$Addresses)
    if ($null -ne (Get-RuleData -Name $Name)) { Remove-RuleData -Name $Name }
    $settings = @{
        Name = $Name; DisplayName = "Offsite endpoints: controller to port $Port"; Direction = 'Inbound'; Action = 'Allow'
        Protocol = 'TCP'; LocalPort = $Port; RemoteAddress = $Addresses; Profile = 'Any'; PolicyStore = 'PersistentStore'
    }
    $null = New-NetFirewallRule -ErrorAction Stop @settings
}

function Remove-RuleData {
    param ([string]$Name)
    Remove-NetFirewallRule -Name $Name -PolicyStore 'PersistentStore' -ErrorAction Stop
}

function Set-RuleState {
    param ([string]$Name, [bool]$Enabled)
    $state = if ($Enabled) { 'True' } else { 'False' }
    Set-NetFirewallRule -Name $Name -PolicyStore 'PersistentStore' -Enabled $state -ErrorAction Stop
}

# ---- Accounts -------------------------------------------------------------------------------------------------------

function Get-AccountData {
    # Returns {name, sid, enabled}; $null where there is no such local account.
    param ([string]$Name)
    foreach ($user in @(Get-LocalUser)) {
        if ($user.Name -eq $Name) { return @{ name = $user.Name; sid = $user.SID.Value; enabled = [bool]$user.Enabled } }
    }
    return $null
}

function Set-AccountData {
    # Makes the account, or gives the one that is there another password; neither ever expires.
    param ([string]$Name, [string]$Password, [string]$Mark, [bool]$There)
    $secret = ConvertTo-SecureString -String $Password -AsPlainText -Force
    if ($There) {
        Set-LocalUser -Name $Name -Password $secret
        Enable-LocalUser -Name $Name
    }
    else {
        $null = New-LocalUser -Name $Name -Password $secret -Description $Mark -AccountNeverExpires -PasswordNeverExpires
    }
}

function Remove-AccountData {
    # Removes the account and its profile; one that is in use for half a minute still stays, as a folder of nobody.
    param ([string]$Sid)
    for ($try = 0; $try -lt 10; $try++) {
        $found = @(Get-CimInstance -ClassName 'Win32_UserProfile' -Filter "SID='$Sid'")
        if ($found.Count -eq 0) { break }
        if ($found[0].Loaded) { Start-Sleep -Seconds 3 }
        else { Remove-CimInstance -InputObject $found[0] }
    }
    Remove-LocalUser -SID $Sid
}

function Get-MemberData {
    # Returns the SIDs of a group's members, whatever language its name has; $null where there is no such group.
    # Get-LocalGroupMember fails with members that are gone.
    param ([string]$Sid)
    try {
        $full = ([System.Security.Principal.SecurityIdentifier]$Sid).Translate([System.Security.Principal.NTAccount]).Value
    }
    catch [System.Security.Principal.IdentityNotMappedException] { return $null }
    $group = [adsi]"WinNT://./$($full.Substring($full.IndexOf('\') + 1)),group"
    return , @(foreach ($member in @($group.psbase.Invoke('Members'))) {
            $bytes = $member.GetType().InvokeMember('objectSid', 'GetProperty', $null, $member, $null)
            [System.Security.Principal.SecurityIdentifier]::new([byte[]]$bytes, 0).Value
        })
}

function Add-MemberData {
    param ([string]$GroupSid, [string]$Sid)
    Add-LocalGroupMember -SID $GroupSid -Member $Sid
}

# ---- OpenSSH --------------------------------------------------------------------------------------------------------

function Test-SshServer {
    return "$((Get-WindowsCapability -Online -Name 'OpenSSH.Server~~~~0.0.1.0').State)" -eq 'Installed'
}

function Set-SshServer {
    param ([bool]$Installed)
    $name = 'OpenSSH.Server~~~~0.0.1.0'
    if ($Installed) { $null = Add-WindowsCapability -Online -Name $name }
    else { $null = Remove-WindowsCapability -Online -Name $name }
}

function Get-RightsData {
    # Returns who may do anything to a file or folder: {protected, entries: {sid, write}}; $null where it is not there.
    param ([string]$Path)
    if (-not [System.IO.File]::Exists($Path) -and -not [System.IO.Directory]::Exists($Path)) { return $null }
    $rights = Get-Acl -LiteralPath $Path
    $rules = $rights.GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])
    # Write, append, change rights or owner, delete, and what Windows calls all.
    $writing = 0x2 -bor 0x4 -bor 0x10 -bor 0x40 -bor 0x100 -bor 0x10000 -bor 0x40000 -bor 0x80000 -bor 0x50000000
    return @{
        protected = $rights.AreAccessRulesProtected
        entries = @(foreach ($rule in $rules) {
                if ("$($rule.AccessControlType)" -eq 'Allow') {
                    @{ sid = $rule.IdentityReference.Value; write = ([int]$rule.FileSystemRights -band $writing) -ne 0 }
                }
            })
    }
}

function Set-RightsData {
    param ([string]$Path, [string]$Sddl)
    $rights = Get-Acl -LiteralPath $Path
    $rights.SetSecurityDescriptorSddlForm($Sddl)
    Set-Acl -LiteralPath $Path -AclObject $rights
}

function Get-TextData {
    # Returns the lines of a small text file; none where it is not there.
    param ([string]$Path)
    if (-not [System.IO.File]::Exists($Path)) { return @() }
    return @([System.IO.File]::ReadAllLines($Path))
}

function Set-TextData {
    # Writes the lines; no lines take the file away.
    param ([string]$Path, [AllowEmptyCollection()] [string[]]$Lines)
    if (@($Lines).Count -eq 0) { [System.IO.File]::Delete($Path) }
    else { [System.IO.File]::WriteAllLines($Path, [string[]]$Lines) }
}

function Remove-Leaving {
    # Takes away what leave.ps1 left: the task that runs this, and the copy of these files that it runs.
    param ([string]$Name, [string]$Folder)
    foreach ($task in @(Get-ScheduledTask -ErrorAction Stop)) {
        if ($task.TaskName -eq $Name) { Unregister-ScheduledTask -TaskName $Name -Confirm:$false -ErrorAction Stop }
    }
    if (-not [System.IO.Directory]::Exists($Folder)) { return }
    [System.IO.Directory]::Delete($Folder, $true)
    # The folder around it belongs to the client's installation, too.
    $around = [System.IO.Path]::GetDirectoryName($Folder)
    if ([System.IO.Directory]::GetFileSystemEntries($around).Count -eq 0) { [System.IO.Directory]::Delete($around) }
}

function Get-ProgramData {
    return [System.Environment]::GetFolderPath('CommonApplicationData')
}
