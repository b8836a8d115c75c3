# Writes what lies below the key that the table's calls touch, as JSON; by .NET alone, without any module.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$keys = [ordered]@{}
$types = @{
    String = 'REG_SZ'; ExpandString = 'REG_EXPAND_SZ'; MultiString = 'REG_MULTI_SZ'; DWord = 'REG_DWORD'
    QWord = 'REG_QWORD'; Binary = 'REG_BINARY'; None = 'REG_NONE'
}

function Add-Key {
    param ([Microsoft.Win32.RegistryKey]$Key, [string]$Name)
    $values = [System.Collections.Generic.Dictionary[string, object]]::new()
    foreach ($each in $Key.GetValueNames()) {
        $kind = $Key.GetValueKind($each).ToString()
        $data = $Key.GetValue($each, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
        if ($data -is [byte[]]) { $data = [System.Convert]::ToHexString($data).ToLowerInvariant() }
        if ($data -is [int]) { $data = [System.BitConverter]::ToUInt32([System.BitConverter]::GetBytes($data), 0) }
        if ($data -is [long]) { $data = [System.BitConverter]::ToUInt64([System.BitConverter]::GetBytes($data), 0) }
        $values[$each] = @($types[$kind], $data)
    }
    $keys[$Name] = $values
    foreach ($each in $Key.GetSubKeyNames()) {
        $below = $Key.OpenSubKey($each)
        Add-Key -Key $below -Name "$Name\$each"
        $below.Dispose()
    }
}

$top = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('SOFTWARE\Table')
if ($null -ne $top) {
    Add-Key -Key $top -Name ''
    $top.Dispose()
}
ConvertTo-Json -Compress -Depth 6 -InputObject $keys
