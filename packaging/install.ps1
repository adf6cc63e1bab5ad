# Installs ultra on Windows: downloads the executable, checks its SHA-256 sum, and places it.
#
#   powershell -ExecutionPolicy Bypass -File install.ps1
#
# ULTRA_RELEASES      the address of a folder with the executables and SHA256SUMS
# ULTRA_INSTALL_DIR   where it goes; otherwise %LOCALAPPDATA%\Programs\ultra
#
# Exit codes: 0 installed, 1 download or check failed, 2 this system or these settings will not do, 4 the folder cannot be written.
# Nothing is replaced before the new file is complete and checked.

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

# The one place where the address of the releases stands; `task release` puts it there.
$Releases = '@RELEASES@'

function Fail([int] $Code, [string] $Message) {
    [Console]::Error.WriteLine("install.ps1: $Message")
    exit $Code
}

if ($env:ULTRA_RELEASES) { $Releases = $env:ULTRA_RELEASES }
if (-not $Releases -or $Releases.StartsWith('@')) {
    Fail 2 'this copy of install.ps1 has no address of releases; set ULTRA_RELEASES'
}
$Releases = $Releases.TrimEnd('/')

# A 32-bit PowerShell on a 64-bit Windows says x86, and the other variable the truth. Windows on arm64 runs programs for x86-64.
$cpu = if ($env:PROCESSOR_ARCHITEW6432) { $env:PROCESSOR_ARCHITEW6432 } else { $env:PROCESSOR_ARCHITECTURE }
if ($cpu -ne 'AMD64' -and $cpu -ne 'ARM64') {
    Fail 2 "there is no ultra for $cpu processors; it runs on x86-64 and arm64"
}
$name = 'ultra-windows-x64.exe'

$folder = if ($env:ULTRA_INSTALL_DIR) { $env:ULTRA_INSTALL_DIR } else { Join-Path $env:LOCALAPPDATA 'Programs\ultra' }
$new = Join-Path $folder ('.ultra-install.' + [Guid]::NewGuid().ToString('N'))
try { New-Item -ItemType Directory -Force -Path $new | Out-Null }
catch { Fail 4 "the folder $folder cannot be written; choose another one with ULTRA_INSTALL_DIR" }

try {
    # Windows PowerShell 5 begins with versions of TLS that servers have given up.
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    $sums = Join-Path $new 'SHA256SUMS'
    $file = Join-Path $new 'ultra.exe'
    try { Invoke-WebRequest -UseBasicParsing -Uri "$Releases/SHA256SUMS" -OutFile $sums }
    catch { Fail 1 "$Releases/SHA256SUMS cannot be downloaded: $($_.Exception.Message)" }
    $line = Get-Content $sums | Where-Object { ($_ -split '\s+\*?', 2)[1] -eq $name } | Select-Object -First 1
    if (-not $line) { Fail 2 "$Releases has no $name" }
    $wanted = ($line -split '\s+')[0].ToLowerInvariant()
    try { Invoke-WebRequest -UseBasicParsing -Uri "$Releases/$name" -OutFile $file }
    catch { Fail 1 "$Releases/$name cannot be downloaded whole: $($_.Exception.Message)" }
    $found = (Get-FileHash -Algorithm SHA256 -Path $file).Hash.ToLowerInvariant()
    if ($found -ne $wanted) {
        Fail 1 "$name is not what SHA256SUMS says (sum $found, not $wanted): it was cut off or changed; nothing was installed"
    }
    $target = Join-Path $folder 'ultra.exe'
    # A program that runs cannot be overwritten, but renamed: it goes aside, and the next installation removes it.
    Get-ChildItem -Path $folder -Filter 'ultra.exe.old-*' -ErrorAction SilentlyContinue |
        Remove-Item -Force -ErrorAction SilentlyContinue
    try {
        if (Test-Path $target) { Move-Item -Force $target ($target + '.old-' + [Guid]::NewGuid().ToString('N')) }
        Move-Item $file $target
    }
    catch { Fail 4 "$target cannot be replaced: $($_.Exception.Message)" }
    Write-Output "installed $target"
    $path = [Environment]::GetEnvironmentVariable('Path', 'User')
    if (-not (($env:Path -split ';') -contains $folder)) {
        $parts = @($path -split ';' | Where-Object { $_ }) + $folder
        [Environment]::SetEnvironmentVariable('Path', ($parts -join ';'), 'User')
        Write-Output "$folder is in the user's Path now; a new terminal knows it"
    }
}
finally { Remove-Item -Recurse -Force $new -ErrorAction SilentlyContinue }
