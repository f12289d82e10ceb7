# Sourced. The programs of the machine that nook calls, and the Debian packages that bring them.

nook_programs='
qemu-system-x86_64 qemu-system-x86
qemu-img           qemu-utils
mke2fs             e2fsprogs
debugfs            e2fsprogs
e2fsck             e2fsprogs
mmdebstrap         mmdebstrap
setpriv            util-linux
setsid             util-linux
dpkg-deb           dpkg
tar                tar
xz                 xz-utils
musl-gcc           musl-tools
'

# What only the tests call.
nook_test_programs='
gcc     gcc
socat   socat
busybox busybox-static
ps      procps
mount   mount
skopeo  skopeo
umoci   umoci
docker-registry docker-registry
mkfs.xfs xfsprogs
nft     nftables
ip      iproute2
slirp4netns slirp4netns
git     git
gpg     gpg
gpgv    gpgv
gpg-agent gpg-agent
openssl openssl
buildah buildah
ssh     openssh-client
rsync   rsync
'

nook_check_host_programs() {
  missing=
  packages=
  nook_look_for "$nook_programs"
  # An ordinary user makes images in a user namespace with a range of ids.
  [ "$(id -u)" = 0 ] || nook_look_for 'newuidmap uidmap'
  [ -e /etc/ssl/certs/ca-certificates.crt ] || nook_miss 'the certificates of authorities' ca-certificates
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || nook_miss "the keys of Debian's archive" debian-archive-keyring
  nook_install_missing
}

nook_check_test_programs() {
  missing=
  packages=
  nook_look_for "$nook_test_programs"
  [ -e /usr/include/stdio.h ] || nook_miss 'the headers of the C library' libc6-dev
  nook_install_missing
}

# nook_look_for 'PROGRAM PACKAGE PROGRAM PACKAGE ...'
nook_look_for() {
  # shellcheck disable=SC2086
  set -- $1
  while [ $# -gt 0 ]; do
    command -v "$1" >/dev/null 2>&1 || nook_miss "$1" "$2"
    shift 2
  done
}

nook_install_missing() {
  [ -n "$missing" ] || return 0

  command -v apt-get >/dev/null ||
    nook_die 69 "Programs are missing on this machine: $missing." "Install them with its package manager (on Debian the packages are:$packages) and run the command again."
  install="apt-get install -y --no-install-recommends$packages"
  nook_may_install ||
    nook_die 69 "Programs are missing on this machine: $missing." "Install them, then run the command again:" \
      "  ${sudo_hint}apt-get update && ${sudo_hint}$install" "Or let nook do it: NOOK_INSTALL=1, as root or with a sudo that asks for no password."
  nook_run_logged host "host programs ($missing)" sh -c "
    export DEBIAN_FRONTEND=noninteractive
    $sudo apt-get update && $sudo $install"
}

nook_miss() {
  missing="${missing:+$missing, }$1"
  case "$packages " in
    *" $2 "*) ;;
    *) packages="$packages $2" ;;
  esac
}

# Sets sudo (what to put before a command) when installing is allowed; asks only at a terminal.
nook_may_install() {
  sudo=
  sudo_hint=
  if [ "$(id -u)" != 0 ]; then
    sudo_hint='sudo '
    sudo='sudo -n'
  fi
  [ "${NOOK_INSTALL:-}" != 0 ] || return 1
  if [ "${NOOK_INSTALL:-}" = 1 ]; then
    [ -z "$sudo" ] || sudo -n true 2>/dev/null
    return
  fi
  if [ -t 0 ] && [ -t 2 ]; then
    [ -z "$sudo" ] || command -v sudo >/dev/null || return 1
    printf 'nook: Programs are missing on this machine: %s.\nnook: Run `%s%s`? [Y/n] ' "$missing" "$sudo_hint" "$install" >&2
    read -r answer || return 1
    case $answer in
      '' | [Yy]*) ;;
      *) return 1 ;;
    esac
    # The password is asked for here, where the terminal is; the stage itself has none.
    [ -z "$sudo" ] || sudo -v || return 1
    return 0
  fi
  [ -z "$sudo" ]
}

nook_check_node() {
  [ ! -x "$nook_dir/bin/node" ] || [ ! -e "$nook_dir/bin/pnpm" ] || return 0
  command -v node >/dev/null && command -v npm >/dev/null && return 0
  nook_die 72 "nook needs Node.js and npm to fetch what it runs on, and this machine has no $(command -v node >/dev/null && echo npm || echo node)." \
    "Install any Node.js with npm, from version 18 on, then run the command again. On Debian or Ubuntu:" \
    "  apt-get update && apt-get install -y nodejs npm"
}
