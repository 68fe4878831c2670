#!/bin/sh
# Installs a goferry bundle with the executable that lies beside this script:
#
#   sh install.sh BUNDLE --key PUBLIC.asc [more options of: goferry install]
#
# It looks first whether this machine can run the executable. Where it cannot, it says what is missing, and how the
# bundle is checked and unpacked with gpg, sha256sum, tar and zstd. Needs a POSIX sh and the usual small tools.
#
# What goferry exits with is what this script exits with; before that, 2: wrong use, 3: the executable is damaged,
# 4: this machine cannot run it.

set -u

say() {
  printf '%s\n' "$*" >&2
}

usage() {
  say "usage: sh install.sh BUNDLE --key PUBLIC.asc [--root DIR] [more options of: goferry install]"
}

# For text that somebody will paste into a shell.
quoted() {
  printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

# What stands in for the arguments in the commands of stock_way: the file after --key, and the first other file.
read_arguments() {
  bundle=BUNDLE
  key=PUBLIC.asc
  previous=
  for argument; do
    case $argument in
      --key=*) key=$(quoted "${argument#--key=}") ;;
      -*) ;;
      *)
        if [ "$previous" = --key ]; then
          key=$(quoted "$argument")
        elif [ "$bundle" = BUNDLE ] && [ -f "$argument" ]; then
          bundle=$(quoted "$argument")
        fi
        ;;
    esac
    previous=$argument
  done
}

stock_way() {
  cat >&2 <<END

The bundle can be checked and unpacked without goferry, with gpg (2.2 or newer), sha256sum, tar and zstd (1.3.2 or
newer):

  gpg --import $key
  mkdir bundle && tar -xf $bundle -C bundle && cd bundle
  (cd blobs/sha256 && sha256sum * | awk '\$1 != \$2 { bad = 1; print \$2 ": CHANGED" } END { exit bad }') \\
    && echo "every blob is what its name says"
  INDEX=\$(grep -o 'sha256:[0-9a-f]*' index.json | head -n 1 | cut -d: -f2)
  for S in \$(grep -l 'BEGIN PGP SIGNATURE' blobs/sha256/*); do gpg --verify "\$S" "blobs/sha256/\$INDEX"; done
  grep -o '"dev.goferry.bundle.readme":"sha256:[0-9a-f]*"' "blobs/sha256/\$INDEX"
  sha256sum README.txt

gpg must report a good signature by a key whose fingerprint you were told, and the last two commands must show the
same SHA-256. Then README.txt is the signer's, and shows the commands that unpack Go and the modules:

  sed -n '/^UNPACK/,\$p' README.txt
END
}

# Ends with what is missing, and with the way around it.
refuse() {
  say "goferry cannot run on this machine: $*"
  stock_way
  exit 4
}

# Sets the name of the executable for this machine.
choose_executable() {
  system=$(uname -s)
  machine=$(uname -m)
  [ "$system" = Linux ] || refuse "it is $system; this script is for Linux"
  case $machine in
    x86_64 | amd64) name=goferry-linux-amd64 loader=/lib64/ld-linux-x86-64.so.2 ;;
    aarch64 | arm64) name=goferry-linux-arm64 loader=/lib/ld-linux-aarch64.so.1 ;;
    *) refuse "its processor is $machine; there are executables for x86_64 and aarch64" ;;
  esac
  # A 64-bit kernel below a 32-bit system.
  bits=$(getconf LONG_BIT 2>/dev/null) || bits=
  [ "$bits" != 32 ] || refuse "its programs are 32-bit; the executable for $machine needs a 64-bit system"
  executable=$here/$name
  [ -f "$executable" ] || refuse "$executable is needed for $machine and is not there"
}

# Prints the version of glibc, or "musl", or nothing when nobody says it.
libc() {
  answer=$(getconf GNU_LIBC_VERSION 2>/dev/null) || answer=
  case $answer in
    "glibc "*) printf '%s' "${answer#glibc }" && return ;;
  esac
  answer=$(ldd --version 2>&1 | head -n 1)
  case $answer in
    *musl*) printf musl && return ;;
    *GLIBC* | *"GNU libc"*) printf '%s' "${answer##* }" && return ;;
  esac
  # Also on systems with glibc, so this comes last.
  for file in /lib/ld-musl-*; do
    [ ! -e "$file" ] || printf musl
  done
}

check_libc() {
  version=$(libc)
  needed="the executable needs glibc 2.28 or newer"
  case $version in
    musl*) refuse "its C library is musl; $needed" ;;
    [0-9]*.[0-9]*)
      major=${version%%.*}
      minor=${version#*.}
      minor=${minor%%[!0-9]*}
      if [ "$major" -lt 2 ] || { [ "$major" -eq 2 ] && [ "$minor" -lt 28 ]; }; then
        refuse "its glibc is $version; $needed"
      fi
      ;;
  esac
  [ -e "$loader" ] || refuse "$loader is not there; $needed"
}

# Only where it is certain: the trial below has the last word, and shows what the loader says.
check_libstdcxx() {
  libraries=$(ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null) || return 0
  case $libraries in
    *libc.so.6*) ;;
    *) return 0 ;;
  esac
  case $libraries in
    *libstdc++.so.6*) return 0 ;;
  esac
  [ -n "${LD_LIBRARY_PATH-}" ] || refuse "libstdc++.so.6 is not there (Debian: libstdc++6, Red Hat: libstdc++)"
}

# Finds damage, which media do. It is no protection: who changes the executable changes the list too. Against that,
# before this script is run: gpg --verify SHA256SUMS.asc SHA256SUMS && sha256sum -c SHA256SUMS
check_damage() {
  [ -r "$here/SHA256SUMS" ] || return 0
  expected=$(sed -n "s/^\\([0-9a-f]\\{64\\}\\)  $name\$/\\1/p" "$here/SHA256SUMS")
  [ -n "$expected" ] || return 0
  command -v sha256sum >/dev/null || return 0
  found=$(sha256sum <"$executable" | cut -c 1-64)
  [ "$found" = "$expected" ] && return 0
  say "$executable is damaged: SHA256SUMS says $expected, it has $found"
  say "Copy it again from where it came."
  exit 3
}

# Starts $1 and leaves what it said in $answer. A status of 126: the system does not let it be executed.
trial() {
  answer=$("$1" --version 2>&1)
  status=$?
}

# Media are often mounted without the right to run programs, and file systems of USB sticks have no such right.
copy_to_run() {
  for folder in "${TMPDIR:-/tmp}" /var/tmp "${HOME:-/tmp}" /dev/shm; do
    copy=$(mktemp -d "$folder/goferry.XXXXXX" 2>/dev/null) || continue
    trap 'rm -rf "$copy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    if cp "$executable" "$copy/$name" 2>/dev/null && chmod 700 "$copy/$name"; then
      trial "$copy/$name"
      [ "$status" -eq 126 ] || return 0
    fi
    rm -rf "$copy"
  done
  refuse "programs may be executed neither in $here nor in a temporary folder (mounted noexec?);" \
    "set TMPDIR to a folder where they may"
}

case ${1-} in
  "" | -h | --help)
    usage
    [ $# -eq 0 ] || exit 0
    exit 2
    ;;
esac

case $0 in
  */*) here=${0%/*} ;;
  *) here=. ;;
esac

read_arguments "$@"
choose_executable
check_libc
check_libstdcxx
check_damage

copy=
trial "$executable"
if [ "$status" -eq 126 ]; then
  copy_to_run
  say "goferry: programs may not be executed in $here; a copy runs in $copy"
  executable=$copy/$name
fi
if [ "$status" -ne 0 ] || [ -z "$answer" ]; then
  refuse "$name does not start (exit code $status): ${answer:-it printed nothing}"
fi

[ -n "$copy" ] || exec "$executable" install "$@"
# Not exec: the copy is removed afterwards.
"$executable" install "$@"
