#!/bin/sh
# The main path as an ordinary user without privileges, in a checkout of its own. Run by root, who made sure of the
# host programs; makes the user `nooktest` when there is none. Ends with `N passed, N failed`.
set -eu
user=nooktest
PATH=$PATH:/usr/sbin:/sbin
root=$(dirname "$(dirname "$(readlink -f -- "$0")")")

if [ "${1:-}" != as-user ]; then
  id "$user" >/dev/null 2>&1 || useradd --create-home "$user"
  home=$(getent passwd "$user" | cut -d : -f 6)
  checkout=$home/nook
  rm -rf "$checkout"
  mkdir "$checkout"
  # What git would clone, with the changes that are not committed yet.
  (cd "$root" && git -c safe.directory="$root" ls-files -z --cached --others --exclude-standard |
    xargs -0 -n 1 sh -c '[ ! -e "$1" ] || printf "%s\0" "$1"' - | tar -cf - --null -T -) | tar -xf - -C "$checkout"
  chown -R "$user:" "$checkout"
  exec setpriv --reuid "$user" --regid "$user" --init-groups \
    env -i HOME="$home" USER="$user" PATH=/usr/local/bin:/usr/bin:/bin ${https_proxy:+https_proxy="$https_proxy"} \
    sh "$checkout/tools/ci-as-user.sh" as-user
fi

cd "$root"
passed=0
failed=0

# expect NAME STATUS PATTERN COMMAND...: its exit code, and a line of its stdout (all of stdout is the result, nothing else).
expect() {
  name=$1 wanted=$2 pattern=$3
  shift 3
  status=0
  "$@" >"$HOME/stdout" || status=$?
  if [ "$status" = "$wanted" ] && grep -q "$pattern" "$HOME/stdout"; then
    passed=$((passed + 1))
    echo "ok: $name"
  else
    failed=$((failed + 1))
    echo "failed: $name: exit code $status, stdout:"
    cat "$HOME/stdout"
  fi
}

expect 'set-up and version' 0 '^nook [0-9]' ./nook version
# Everything else would fail for the same reason.
if [ "$failed" != 0 ]; then
  echo "$passed passed, $failed failed"
  exit 1
fi
expect 'the first command' 0 '^VERSION_CODENAME=bookworm$' ./nook vm run --rm -- cat /etc/os-release
expect 'its exit code' 7 '^out$' ./nook vm run --rm -- sh -c 'echo out; echo err >&2; exit 7'
expect 'nothing is left' 0 '^\[\]$' ./nook vm list --json
expect 'the daemon stops' 0 'stopped' ./nook daemon stop
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
