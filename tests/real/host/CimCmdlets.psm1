# Wine has no WMI, and asking for it hangs. What the scripts ask of it is answered from Wine's own registry and services; any
# other class is an error. Not Windows' answers: what depends on them is no proof.

function Get-ServiceInstance {
    param ([string]$Filter)
    $services = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('SYSTEM\CurrentControlSet\Services')
    try {
        foreach ($name in $services.GetSubKeyNames()) {
            if ($Filter -and $Filter -notlike "*Name='$name'*") {
                continue
            }
            $key = $services.OpenSubKey($name)
            $start = $key.GetValue('Start')
            $type = $key.GetValue('Type')
            $key.Dispose()
            # Without a program of its own it is a driver, which Win32_Service does not have.
            if ($null -eq $type -or -not ($type -band 0x30)) {
                continue
            }
            $state = 'Stopped'
            $controller = [System.ServiceProcess.ServiceController]::new($name)
            try {
                $state = $controller.Status.ToString()
            }
            catch {
                # It is in the registry alone, as a service is that was written there and waits for a restart.
                $state = 'Stopped'
            }
            finally {
                $controller.Dispose()
            }
            $mode = switch ($start) { 2 { 'Auto' } 3 { 'Manual' } 4 { 'Disabled' } default { 'Unknown' } }
            [pscustomobject]@{ Name = $name; StartMode = $mode; State = $state }
        }
    }
    finally {
        $services.Dispose()
    }
}

function Get-CimInstance {
    [CmdletBinding()]
    param ([string]$ClassName, [string]$Filter, [string[]]$Property, [string]$Namespace)
    switch ($ClassName) {
        'Win32_ComputerSystem' { [pscustomobject]@{ PartOfDomain = $false; Name = [System.Environment]::MachineName } }
        'Win32_OperatingSystem' { [pscustomobject]@{ Version = '10.0.26100'; ProductType = 1 } }
        'Win32_Service' { Get-ServiceInstance -Filter $Filter }
        # None of these is there.
        'Win32_Battery' { }
        'Win32_Share' { }
        'MSFT_NetConnectionProfile' { }
        default { throw "there is no WMI over Wine, and $ClassName is none of the classes that stand in for it" }
    }
}
