# For scripts that take a program out of Debian's archive: from DEBIAN_MIRROR, or else, on Debian, from the mirror that apt already uses. Needs no
# root and leaves the system's packages alone. Who sources it has set $cache, the folder that the program goes into, and $advice, what to do where
# there is no such way.

say() { printf 'scripts/%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit 1; }

# One at a time; who waited looks again whether there is still something to do.
lock_cache() {
  for tool in apt-get dpkg-deb flock; do command -v "$tool" >/dev/null || die "no $tool here: $advice"; done
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
}

# open_archive SUITE…: $work, a folder for this run, and private_apt, which knows these suites and no package as installed.
open_archive() {
  local system keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirrors=${DEBIAN_MIRROR:-} mirror
  if [ -z "$mirrors" ]; then
    system=$(. /etc/os-release && echo "$ID") || true
    [ "$system" = debian ] || die "apt on ${system:-this system} knows no Debian mirror: set DEBIAN_MIRROR to a Debian mirror near you, or $advice"
    mirrors=$(apt-get update --print-uris 2>/dev/null | sed -nE "s#^'(.*)/dists/[a-z]+/InRelease'.*#\1#p" | sort -u) || true
  fi
  [ -r "$keyring" ] || die "$keyring is missing, so packages could not be verified: install debian-archive-keyring"
  work=$(mktemp -d "$cache/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/packages" "$work/root"
  : >"$work/status"
  : >"$work/preferences"
  for mirror in $mirrors; do
    printf "deb [target=Packages signed-by=$keyring] $mirror %s main\n" "$@" >"$work/sources.list"
    if private_apt apt-get update; then return; fi
  done
  die "no mirror in DEBIAN_MIRROR or apt's sources gave Debian's $*: $advice"
}
private_apt() {
  "$1" -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences="$work/preferences" -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::State="$work" -o Dir::State::Lists="$work/lists" -o Dir::State::Status="$work/status" -o Dir::Cache="$work" \
    -o Acquire::Languages=none -o APT::Update::Error-Mode=any -o APT::Sandbox::User= "${@:2}" >&2
}

# unpack PACKAGE…: into $work/root.
unpack() {
  local package
  (cd "$work/packages" && private_apt apt-get download "$@") || die "the packages could not be fetched: $advice"
  for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$work/root"; done
}
