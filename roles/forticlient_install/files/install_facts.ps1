# offsite-script: install_facts

# Reports what has to be known right before an installation: room on the system drive, batteries, who is logged on; of an
# installer file, what it says of itself and who signed it.
# Changes nothing, so check mode is the same. For ansible.windows.win_powershell, which makes $Ansible.

[CmdletBinding(SupportsShouldProcess)]
param (
    [AllowNull()]
    [string]$Package
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# ---- What Windows answers -------------------------------------------------------------------------------------------

function Get-FreeSize {
    # Returns the bytes that are free on the system drive.
    return [System.IO.DriveInfo]::new([System.Environment]::SystemDirectory).AvailableFreeSpace
}

function Get-BatteryStatus {
    # Returns one number a battery (Win32_Battery.BatteryStatus: 1, 4 and 5 are without mains), none on a desktop.
    return , @(foreach ($battery in (Get-CimInstance -ClassName 'Win32_Battery' -Property 'BatteryStatus' -ErrorAction Stop)) {
            [int]$battery.BatteryStatus
        })
}

function Get-SessionSid {
    # Returns the SIDs of the users who are logged on: only a session makes the key Volatile Environment.
    $users = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::Users, [Microsoft.Win32.RegistryView]::Registry64)
    try {
        return , @(foreach ($sid in $users.GetSubKeyNames()) {
                $session = $users.OpenSubKey("$sid\Volatile Environment", $false)
                if ($null -ne $session) {
                    $session.Dispose()
                    $sid
                }
            })
    }
    finally {
        $users.Dispose()
    }
}

function Get-SignatureData {
    param ([string]$Path)
    $signature = Get-AuthenticodeSignature -LiteralPath $Path -ErrorAction Stop
    $signer = $null
    if ($null -ne $signature.SignerCertificate) {
        $signer = $signature.SignerCertificate.Subject
    }
    return @{ status = $signature.Status.ToString(); signer = $signer }
}

function Get-MsiProperty {
    # Returns properties of a Windows Installer package by name; it is opened for reading only.
    param ([string]$Path, [string[]]$Names)
    $installer = [System.Activator]::CreateInstance([System.Type]::GetTypeFromProgID('WindowsInstaller.Installer'))
    $database = $installer.GetType().InvokeMember('OpenDatabase', 'InvokeMethod', $null, $installer, @($Path, 0))
    $found = @{}
    foreach ($name in $Names) {
        $query = "SELECT Value FROM Property WHERE Property = '$name'"
        $view = $database.GetType().InvokeMember('OpenView', 'InvokeMethod', $null, $database, @($query))
        $null = $view.GetType().InvokeMember('Execute', 'InvokeMethod', $null, $view, $null)
        $row = $view.GetType().InvokeMember('Fetch', 'InvokeMethod', $null, $view, $null)
        $found[$name] = $null
        if ($null -ne $row) {
            $found[$name] = [string]$row.GetType().InvokeMember('StringData', 'GetProperty', $null, $row, @(1))
        }
        $null = $view.GetType().InvokeMember('Close', 'InvokeMethod', $null, $view, $null)
    }
    return $found
}

# ---- The work -------------------------------------------------------------------------------------------------------

function Read-Package {
    param ([string]$Path)
    $data = Get-MsiProperty -Path $Path -Names 'ProductName', 'ProductVersion', 'ProductCode'
    $signature = Get-SignatureData -Path $Path
    return @{
        product_name = $data['ProductName']
        product_version = $data['ProductVersion']
        product_code = $data['ProductCode']
        signature_status = $signature['status']
        signer = $signature['signer']
    }
}

# ---- The script -----------------------------------------------------------------------------------------------------

$Ansible.Changed = $false
$facts = @{
    free_bytes = Get-FreeSize
    battery_status = Get-BatteryStatus
    logged_on = Get-SessionSid
    package = $null
}
if ($Package) {
    $facts['package'] = Read-Package -Path $Package
}
$facts
