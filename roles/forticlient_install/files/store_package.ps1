# offsite-script: store_package

# Gives a package of the Microsoft Store to all users of this Windows (each has it from their next logon on), from a file;
# without a file takes the family's packages from all users again. No module of Ansible does either: win_package installs
# for the connecting user alone. Windows itself checks the file's signature, and the publisher is part of the family's name.
# For ansible.windows.win_powershell, which makes $Ansible.

[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory = $true)]
    [string]$Family,

    [AllowNull()]
    [string]$Package
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# ---- What Windows answers -------------------------------------------------------------------------------------------

function Get-ProvisionedName {
    # Returns the full names of the packages that every user gets.
    return , @(foreach ($item in (Get-AppxProvisionedPackage -Online -ErrorAction Stop)) { $item.PackageName })
}

function Add-ProvisionedPackage {
    param ([string]$Path)
    $null = Add-AppxProvisionedPackage -Online -PackagePath $Path -SkipLicense -ErrorAction Stop
}

function Remove-ProvisionedPackage {
    # From the users who have it already, too.
    param ([string]$Name)
    $null = Remove-AppxProvisionedPackage -Online -PackageName $Name -AllUsers -ErrorAction Stop
}

# ---- The work -------------------------------------------------------------------------------------------------------

function Select-OfFamily {
    # A family is name_publisher, a package name_version_architecture_resource_publisher.
    param ([string[]]$Names, [string]$Family)
    $cut = $Family.LastIndexOf('_')
    $pattern = $Family.Substring(0, $cut) + '_*_' + $Family.Substring($cut + 1)
    return , @(foreach ($name in $Names) {
            if ($name -like $pattern) {
                $name
            }
        })
}

function Add-OfFamily {
    # What turns out to be of another family is taken away again.
    param ([string]$Family, [string]$Path, [string[]]$Before)
    Add-ProvisionedPackage -Path $Path
    $all = Get-ProvisionedName
    $found = Select-OfFamily -Names $all -Family $Family
    if ($found.Count -eq 0) {
        $others = @(foreach ($name in $all) {
                if ($Before -notcontains $name) {
                    Remove-ProvisionedPackage -Name $name
                    $name
                }
            })
        throw "The file is none of the family $Family, but $([string]::Join(', ', $others)), which was removed again."
    }
    return , $found
}

# ---- The script -----------------------------------------------------------------------------------------------------

$Ansible.Changed = $false
$all = Get-ProvisionedName
$before = Select-OfFamily -Names $all -Family $Family
$after = $before
if ($Package -and $before.Count -eq 0) {
    $Ansible.Changed = $true
    if ($PSCmdlet.ShouldProcess($Package, 'Add-AppxProvisionedPackage')) {
        $after = Add-OfFamily -Family $Family -Path $Package -Before $all
    }
}
elseif (-not $Package -and $before.Count -gt 0) {
    $Ansible.Changed = $true
    if ($PSCmdlet.ShouldProcess($Family, 'Remove-AppxProvisionedPackage')) {
        foreach ($name in $before) {
            Remove-ProvisionedPackage -Name $name
        }
        $after = Select-OfFamily -Names (Get-ProvisionedName) -Family $Family
    }
}
$Ansible.Diff.before = @{ provisioned = $before }
$Ansible.Diff.after = @{ provisioned = $after }
