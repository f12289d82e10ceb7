#!/bin/sh
# Builds the guest's init: dist/guest/nook-init, the same bytes from the same sources.
#   build.sh              with musl-gcc, static
#   build.sh --sanitize   the test variant for the host (dist/guest/nook-agent-sanitized), system gcc, ASan and UBSan
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${NOOK_GUEST_OUT:-$here/../../dist/guest}
cd "$here/agent"

shared="configuration.c console.c child.c copy-in.c copy-out.c copy-place.c copy-stream.c copy-tree.c dispatch.c drain.c
  environment.c errand.c exec-request.c files.c frames.c listeners.c port.c program.c
  serve.c session.c spawn.c stats.c stdin-queue.c stdout-stream.c user.c watch.c"
guest="devices.c identity.c main-guest.c modules.c mounts.c network.c power.c root-disk.c"
warnings="-std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wvla"
build_id=$(cat ./*.c ./*.h ../build.sh | sha256sum | cut -c1-16)
target=nook-init
[ "${1:-}" = --sanitize ] && target=nook-agent-sanitized

need() {
  command -v "$1" >/dev/null 2>&1 && return
  echo "nook: $1 is missing; it builds the guest. Install it: apt-get install $2" >&2
  exit 69
}

mkdir -p "$out"
if [ "$(cat "$out/$target.stamp" 2>/dev/null)" = "$build_id" ] && [ -x "$out/$target" ]; then
  exit 0
fi

if [ "$target" = nook-init ]; then
  need musl-gcc musl-tools
  # shellcheck disable=SC2086
  musl-gcc $warnings -Os -static -s -DNOOK_BUILD_ID="\"$build_id\"" \
    -fstack-protector-strong -fstack-clash-protection -fcf-protection -fno-strict-aliasing \
    -ffunction-sections -fdata-sections -ffile-prefix-map="$here"=. \
    -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--build-id=none \
    $shared $guest -o "$out/$target.$$"
else
  need gcc gcc
  # shellcheck disable=SC2086
  gcc $warnings -O1 -g -DNOOK_BUILD_ID="\"$build_id\"" -fno-omit-frame-pointer \
    -fsanitize=address,undefined -fno-sanitize-recover=all \
    $shared main-host.c -o "$out/$target.$$"
fi
mv "$out/$target.$$" "$out/$target"
echo "$build_id" >"$out/$target.stamp"
