# Is Go installed by goferry? Intune's custom detection script: says something and ends with 0 where it is, else says nothing.
# Configuration Manager takes it as a script of a detection method, too. -Go asks for one version.
param([string] $Go = '')
$program = "$env:ProgramFiles\goferry\bin\goferry.exe"
if (-not (Test-Path -LiteralPath $program)) { exit 0 }
$status = & $program status --root "$env:ProgramFiles\goferry" --json | ConvertFrom-Json
if ($LASTEXITCODE -ne 0 -or -not $status.current) { exit 0 }
if ($Go -ne '' -and $status.current -ne $Go) { exit 0 }
Write-Output "Go $($status.current)"
exit 0
