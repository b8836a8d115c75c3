@echo off
rem A check of this PC for your IT staff. It reads settings, changes none, and writes one file to the desktop.
rem What it reads, and how, can be read below. docs/self-check.md says what becomes of the file.
setlocal DisableDelayedExpansion
set "OFFSITE_CHECK=%~f0"
set "OFFSITE_FOLDER=%~1"
"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe" -NoLogo -NoProfile -Command "$text = [System.IO.File]::ReadAllText($env:OFFSITE_CHECK); & ([scriptblock]::Create($text.Substring($text.LastIndexOf('#:' + ':check', [System.StringComparison]::Ordinal))))"
set "OFFSITE_CODE=%ERRORLEVEL%"
if not "%OFFSITE_CODE%"=="0" echo The check did not come to its end (%OFFSITE_CODE%). Please send a picture of this window to your IT staff.
if not defined OFFSITE_FOLDER pause
exit /b %OFFSITE_CODE%
