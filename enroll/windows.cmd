@echo off
rem Double click: starts windows.ps1 beside it as administrator. What it is to do stands in windows.json, or behind this
rem file's name, as for windows.ps1. Nothing of Windows' own settings for scripts is changed: Bypass is for this one process.
setlocal
set "here=%~dp0"
set "policy=HKLM\SOFTWARE\Policies\Microsoft\Windows\PowerShell"
set "shell=%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe"

fltmc >nul 2>&1
if not errorlevel 1 goto :elevated
if "%~d0"=="\\" goto :elevate
rem An elevated process does not see the drives of the person who elevated it, if they are mapped.
net use "%~d0" >nul 2>&1
if not errorlevel 1 (
    echo %~d0 is a mapped drive, which is not there for an administrator. Start this from its share ^(\\server\share^) or a stick.
    pause
    exit /b 2
)
:elevate
set "arguments=%*"
"%shell%" -NoProfile -Command "$start = @{ FilePath = $env:here + 'windows.cmd'; Verb = 'RunAs' }; if ($env:arguments) { $start.ArgumentList = $env:arguments }; Start-Process @start"
if errorlevel 1 (
    echo Not started: this needs an administrator's consent.
    pause
    exit /b 2
)
exit /b 0

:elevated
rem Group Policy stands above -ExecutionPolicy: told, not fought.
reg query "%policy%" /v EnableScripts 2>nul | find "0x0" >nul
if not errorlevel 1 goto :forbidden
reg query "%policy%" /v ExecutionPolicy 2>nul | findstr /i /c:" AllSigned" /c:" Restricted" >nul
if not errorlevel 1 goto :forbidden
rem Files from the network carry a mark, which a policy of RemoteSigned asks for.
"%shell%" -NoProfile -Command "Get-ChildItem -LiteralPath $env:here -Filter '*.ps1' | Unblock-File -ErrorAction SilentlyContinue"
"%shell%" -NoProfile -ExecutionPolicy Bypass -File "%here%windows.ps1" %*
set "code=%errorlevel%"
if "%code%"=="1" echo Broken off. Run this again when the cause above is gone.
pause
exit /b %code%

:forbidden
echo Group Policy does not let this script run ^(Turn on Script Execution, %policy%^).
echo Nothing was changed. Ask who keeps that policy, or have it make the settings of docs/enrollment.md.
pause
exit /b 2
