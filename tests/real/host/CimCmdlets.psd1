@{
    RootModule = 'CimCmdlets.psm1'
    ModuleVersion = '7.0.0.0'
    GUID = '5d2f9d2e-59a4-4b55-9c37-6c1f0d5f4d0b'
    FunctionsToExport = @('Get-CimInstance')
    CmdletsToExport = @()
    AliasesToExport = @()
}
