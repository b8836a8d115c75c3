# Makes a Windows machine reachable for the controller. Run once as administrator, from a stick or a share; the other
# files of its folder have to lie beside it. Windows PowerShell 5.1 or PowerShell 7. See docs/enrollment.md.
#   windows.cmd (double click)                            what windows.json beside it says
#   windows.ps1 -Controller 192.0.2.10                    WinRM over HTTPS, a certificate and an account of its own
#   windows.ps1 -Controller 192.0.2.10 -Transport ssh     OpenSSH Server, with the key in controller.pub beside it
#   windows.ps1 -Check                                    says what would be done, and writes nothing
#   windows.ps1 -Remove                                   takes all of it off again
# Exit code: 0 done, or nothing to do; 2 refused, nothing was written; 1 broken off, run it again.

[CmdletBinding()]
param (
    # Addresses or networks that may come in; nobody else does.
    [string[]]$Controller = @(),
    [ValidateSet('', 'winrm', 'ssh')] [string]$Transport = '',
    [string]$Account = '',
    # Further names or addresses for the certificate: the name in the inventory, when Windows does not know it.
    [string[]]$Name = @(),
    # A certificate that is in the computer's store, such as one of the department's CA.
    [string]$Thumbprint = '',
    # Where NAME.enrollment.json goes, and where controller.pem and controller.pub are looked for.
    [string]$Folder = '',
    [switch]$TakeListener,
    [switch]$NewPassword,
    [switch]$Check,
    [switch]$Remove
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
. ([System.IO.Path]::Combine($PSScriptRoot, 'plan.ps1'))
. ([System.IO.Path]::Combine($PSScriptRoot, 'machine.ps1'))

# Not as its default: Windows PowerShell does not know it there when it is started with -File.
if (-not $Folder) { $Folder = $PSScriptRoot }
$NoteKey = 'SOFTWARE\OffsiteEndpoints_Enrollment'
$SshFolder = "$(Get-ProgramData)\ssh"
$KeyFile = "$SshFolder\administrators_authorized_keys"
$KeyRights = 'O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)'
$PowerShellPath = 'C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe'

function Show-Line {
    param ([string]$Text)
    Write-Information -MessageData $Text -InformationAction Continue
}

function Show-Refusal {
    param ([string[]]$Reasons)
    Show-Line -Text 'Refused, nothing was written:'
    foreach ($reason in $Reasons) { Show-Line -Text "  $reason" }
}

function ConvertTo-Table {
    # What ConvertFrom-Json gives, as hashtables.
    param ([AllowNull()] [object]$Value)
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $table = @{}
        foreach ($property in $Value.PSObject.Properties) { $table[$property.Name] = ConvertTo-Table -Value $property.Value }
        return $table
    }
    if ($Value -is [object[]]) { return , @(foreach ($one in $Value) { ConvertTo-Table -Value $one }) }
    return $Value
}

function Read-Json {
    # Returns a file's JSON as a hashtable; $null where there is no file.
    param ([string]$Path)
    if (-not [System.IO.File]::Exists($Path)) { return $null }
    try { return ConvertTo-Table -Value (ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($Path))) }
    catch { throw "$Path cannot be read: $($_.Exception.Message)" }
}

# ---- What is wished -------------------------------------------------------------------------------------------------

function Get-Wish {
    # What the command line says; then windows.json beside the script; then what is usual. Throws for what is not allowed.
    $said = Read-Json -Path ([System.IO.Path]::Combine($PSScriptRoot, 'windows.json'))
    if ($null -eq $said) { $said = @{} }
    foreach ($known in $said.Keys) {
        if ($known -notin 'controller', 'transport', 'account') { throw "windows.json: $known means nothing here; known are controller, transport, account" }
    }
    $given = @{ controller = $Controller; transport = $Transport; account = $Account }
    $usual = @{ controller = @(); transport = 'winrm'; account = 'ansible' }
    $wish = @{}
    foreach ($key in $given.Keys) {
        $wish[$key] = $given[$key]
        if (-not $wish[$key] -and $said.ContainsKey($key)) { $wish[$key] = $said[$key] }
        if (-not $wish[$key]) { $wish[$key] = $usual[$key] }
    }
    # `powershell -File` hands a list over as one text.
    $wish.controller = @(foreach ($one in @($wish.controller)) { foreach ($part in "$one".Split(',')) { if ($part.Trim()) { $part.Trim() } } })
    $wish.names = @(foreach ($one in $Name) { foreach ($part in $one.Split(',')) { if ($part.Trim()) { ConvertTo-Name -Text $part.Trim() } } })
    $wish.thumbprint = $Thumbprint.Replace(' ', '').ToUpperInvariant()
    $wish.port = if ($wish.transport -eq 'ssh') { 22 } else { 5986 }
    $wish.take_listener = [bool]$TakeListener
    $wish.new_password = [bool]$NewPassword
    $wish.shell = $PowerShellPath
    $wish.key = ''
    if ($wish.transport -eq 'ssh' -and -not $Remove) {
        $file = [System.IO.Path]::Combine($Folder, 'controller.pub')
        $lines = @(foreach ($line in (Get-PublicKeyLine -Path $file)) { if ($line.Trim()) { $line.Trim() } })
        if ($lines.Count -ne 1 -or $lines[0] -notmatch '^(ssh-|ecdsa-|sk-)[\w@.-]+ [A-Za-z0-9+/=]+( |$)') { throw "$file has to hold the controller's public SSH key, one line such as ssh-ed25519 AAAA..." }
        $wish.key = $lines[0]
    }
    foreach ($wrong in (Get-WishFault -Wish $wish)) { throw $wrong }
    return $wish
}

function ConvertTo-Name {
    # Returns an address as a certificate has it, and a name as it is.
    param ([string]$Text)
    $address = $null
    if ($Text.Contains(':') -and [System.Net.IPAddress]::TryParse($Text, [ref]$address)) { return $address.ToString() }
    return $Text
}

function Get-PublicKeyLine {
    param ([string]$Path)
    if (-not [System.IO.File]::Exists($Path)) { return @() }
    return @([System.IO.File]::ReadAllLines($Path))
}

function Get-WishFault {
    param ([hashtable]$Wish)
    if ($Wish.transport -notin 'winrm', 'ssh') { return "transport: '$($Wish.transport)' is none; winrm or ssh" }
    if ($Wish.account -notmatch '^[A-Za-z0-9._-]{1,20}$') { return "-Account '$($Wish.account)': 1 to 20 letters, digits, or . _ -" }
    foreach ($one in $Wish.names) {
        if ($one -notmatch '^[A-Za-z0-9.:-]{1,253}$') { return "-Name '$one': a name or an address of this machine" }
    }
    if ($Remove) { return }
    if ($Wish.controller.Count -eq 0) { return 'which addresses does the controller have? -Controller 192.0.2.10, or "controller": ["192.0.2.10"] in windows.json beside the script' }
    foreach ($one in $Wish.controller) {
        $host_part, $bits = $one.Split('/')
        $address = $null
        $valid = [System.Net.IPAddress]::TryParse($host_part, [ref]$address) -and ($address.AddressFamily -eq 'InterNetworkV6' -or $host_part.Split('.').Count -eq 4)
        if (-not $valid -or ($null -ne $bits -and $bits -notmatch '^\d{1,3}$') -or $bits -in '0', '00', '000') {
            return "-Controller '$one': an address such as 192.0.2.10, or a network such as 192.0.2.0/24. Everybody is not allowed"
        }
    }
}

# ---- What is there --------------------------------------------------------------------------------------------------

function Get-Policy {
    $winrm = 'SOFTWARE\Policies\Microsoft\Windows\WinRM\Service'
    $scripts = 'SOFTWARE\Policies\Microsoft\Windows\PowerShell'
    return @{
        winrm = Get-RegistryData -Path $winrm -Name 'AllowAutoConfig'
        winrm_filter = Get-RegistryData -Path $winrm -Name 'IPv4Filter'
        negotiate = Get-RegistryData -Path $winrm -Name 'AllowNegotiate'
        shell = Get-RegistryData -Path "$winrm\WinRS" -Name 'AllowRemoteShellAccess'
        receiving_ntlm = Get-RegistryData -Path 'SYSTEM\CurrentControlSet\Control\Lsa\MSV1_0' -Name 'RestrictReceivingNTLMTraffic'
        enable_scripts = Get-RegistryData -Path $scripts -Name 'EnableScripts'
        execution_policy = [string](Get-RegistryData -Path $scripts -Name 'ExecutionPolicy')
        token_filter = Get-RegistryData -Path $SystemPolicies -Name 'LocalAccountTokenFilterPolicy'
        filter_administrator = Get-RegistryData -Path $SystemPolicies -Name 'FilterAdministratorToken'
        admin_approval = Get-RegistryData -Path $SystemPolicies -Name 'TypeOfAdminApprovalMode'
        firewall_merge = Get-RegistryData -Path 'SOFTWARE\Policies\Microsoft\WindowsFirewall\PublicProfile' -Name 'AllowLocalPolicyMerge'
    }
}

function Get-SshFact {
    $guarded = 'O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)'
    $wanted = @(@{ path = $SshFolder; sddl = "$guarded(A;OICI;0x1200a9;;;AU)" }, @{ path = "$SshFolder\logs"; sddl = $guarded })
    return @{
        installed = Test-SshServer
        service = Get-ServiceData -Name 'sshd'
        folders = @(foreach ($one in $wanted) {
                $rights = Get-RightsData -Path $one.path
                if ($null -ne $rights) { @{ path = $one.path; sddl = $one.sddl; rights = $rights } }
            })
        keys = @(Get-TextData -Path $KeyFile)
        key_rights = Get-RightsData -Path $KeyFile
        shell = Get-RegistryData -Path $ShellKey -Name 'DefaultShell'
        rule = Get-RuleData -Name $BuiltInSshRule
        host_keys = @(Get-TextData -Path "$SshFolder\ssh_host_ed25519_key.pub")
    }
}

function Get-Fact {
    # Listeners are $null where the service is not running: only then it tells.
    param ([string]$AccountName, [string]$Way)
    $version = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $networks = @(Get-NetworkKind)
    $facts = @{
        name = [string](Get-RegistryData -Path 'SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName' -Name 'ComputerName')
        domain = [string](Get-RegistryData -Path 'SYSTEM\CurrentControlSet\Services\Tcpip\Parameters' -Name 'Domain')
        build = [string](Get-RegistryData -Path $version -Name 'CurrentBuild')
        edition = [string](Get-RegistryData -Path $version -Name 'EditionID')
        on_network = $networks.Count -gt 0; public_network = $networks -contains 0
        policy = Get-Policy
        service = Get-ServiceData -Name 'WinRM'
        certificates = @(Get-CertificateData)
        listeners = $null; basic = $false; unencrypted = $false
        rule = Get-RuleData -Name $Mark
        account = Get-AccountData -Name $AccountName
        members = @{}
    }
    foreach ($group in $Administrators, $RemoteManagement) { $facts.members[$group] = Get-MemberData -Sid $group }
    if ($facts.service.running) {
        $found = Get-WinRmData
        foreach ($part in 'listeners', 'basic', 'unencrypted') { $facts[$part] = $found[$part] }
    }
    if ($Way -eq 'ssh') { $facts.ssh = Get-SshFact }
    return $facts
}

# ---- The note -------------------------------------------------------------------------------------------------------

function Get-Note {
    # Returns the note, a fresh one where there is none.
    $text = Get-RegistryData -Path $NoteKey -Name 'Note'
    if ($null -eq $text) { return New-Note }
    try { return ConvertTo-Table -Value (ConvertFrom-Json -InputObject $text) }
    catch { throw "the note of what was there before cannot be read (HKLM\$NoteKey, Note), so nothing is done: $($_.Exception.Message)" }
}

function Save-Note {
    # Written and read back before what it is about is touched.
    param ([hashtable]$Note)
    $text = ConvertTo-Json -InputObject $Note -Depth 5 -Compress
    Set-RegistryData -Path $NoteKey -Name 'Note' -Data $text
    if ((Get-RegistryData -Path $NoteKey -Name 'Note') -ne $text) { throw "the note could not be written (HKLM\$NoteKey)" }
}

. ([System.IO.Path]::Combine($PSScriptRoot, 'steps.ps1'))
. ([System.IO.Path]::Combine($PSScriptRoot, 'removal.ps1'))

# ---- The script -----------------------------------------------------------------------------------------------------

try { $wish = Get-Wish }
catch {
    Show-Refusal -Reasons @($_.Exception.Message)
    exit 2
}
if (-not (Test-Administrator)) {
    Show-Refusal -Reasons @('this has to run as administrator: start windows.cmd by a double click, or PowerShell by "Run as administrator"')
    exit 2
}
if ($Remove) { exit (Invoke-Removal) }
exit (Invoke-Enrollment -Wish $wish)
