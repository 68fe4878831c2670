# Takes goferry and all that it installed for the machine away. For Configuration Manager and Intune, as the system.
param([string] $Log = "$env:SystemRoot\Temp\goferry-uninstall.log")
$installed = "$env:ProgramFiles\goferry\bin\goferry.exe"
if (-not (Test-Path -LiteralPath $installed)) { exit 0 }
& $installed uninstall --all --root "$env:ProgramFiles\goferry" --quiet --log $Log
exit $LASTEXITCODE
