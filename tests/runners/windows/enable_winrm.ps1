# Lets a controller on this very machine in by WinRM over HTTPS: a certificate for localhost, a listener with it, and an administrator
# of its own, whose password the later steps of the job find in OFFSITE_RUNNER_PASSWORD. For a runner, which is thrown away.

param (
    [Parameter(Mandatory = $true)] [string]$CertificateFile
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$bytes = [byte[]]::new(24)
[System.Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($bytes)
# Windows may ask for characters of several kinds.
$password = 'aA1-' + [System.Convert]::ToBase64String($bytes)
Write-Output -InputObject "::add-mask::$password"
$secure = ConvertTo-SecureString -String $password -AsPlainText -Force
New-LocalUser -Name 'offsite' -Password $secure -AccountNeverExpires | Add-LocalGroupMember -SID 'S-1-5-32-544'
Add-Content -Path $env:GITHUB_ENV -Value "OFFSITE_RUNNER_PASSWORD=$password" -Encoding Ascii

# Without this a local account other than the built-in Administrator is no administrator over the network.
$policies = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
New-ItemProperty -Path $policies -Name 'LocalAccountTokenFilterPolicy' -Value 1 -PropertyType DWord -Force | Out-Null

$certificate = New-SelfSignedCertificate -DnsName 'localhost' -CertStoreLocation 'Cert:\LocalMachine\My'
$text = [System.Convert]::ToBase64String($certificate.RawData, 'InsertLineBreaks')
Set-Content -Path $CertificateFile -Value '-----BEGIN CERTIFICATE-----', $text, '-----END CERTIFICATE-----' -Encoding Ascii

Set-Service -Name 'WinRM' -StartupType Automatic
Start-Service -Name 'WinRM'
Set-Item -Path 'WSMan:\localhost\Service\Auth\Basic' -Value $false
Set-Item -Path 'WSMan:\localhost\Service\AllowUnencrypted' -Value $false
foreach ($listener in Get-ChildItem -Path 'WSMan:\localhost\Listener') {
    if ($listener.Keys -contains 'Transport=HTTPS') {
        Remove-Item -Path "WSMan:\localhost\Listener\$($listener.Name)" -Recurse -Force
    }
}
$listener = @{
    Path = 'WSMan:\localhost\Listener'
    Transport = 'HTTPS'
    Address = '*'
    CertificateThumbPrint = $certificate.Thumbprint
}
New-Item @listener -Force | Out-Null
