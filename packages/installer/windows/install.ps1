# Installs a bundle for the machine without a question: for group policy (computer start-up script), Configuration Manager
# and Intune alike, all of which run it as the system. Lay goferry.exe, the bundle and the public key beside this file.
#
#   powershell.exe -NoProfile -ExecutionPolicy Bypass -File install.ps1 -Bundle site.tar -Key public.asc
#
# Ends with goferry's exit code (docs/EXIT-CODES.md). Nothing is changed where the bundle is installed already.
param(
    [string] $Bundle = 'site.tar',
    [string] $Key = 'public.asc',
    [string] $Log = "$env:SystemRoot\Temp\goferry-install.log"
)
$here = Split-Path -Parent $MyInvocation.MyCommand.Path
$program = Join-Path $here 'goferry.exe'
& $program install (Join-Path $here $Bundle) --key (Join-Path $here $Key) --quiet --log $Log
exit $LASTEXITCODE
