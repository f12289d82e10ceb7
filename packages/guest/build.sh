#!/bin/sh
# Builds the guest's init: dist/guest/nook-init, the same bytes from the same sources.
#   build.sh              with musl-gcc, static
#   build.sh --sanitize   the test variant for the host (dist/guest/nook-agent-sanitized), system gcc, ASan and UBSan
#   build.sh --check      compiles all of it with the system gcc, its analyzer and glibc's fortified headers; keeps nothing
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${NOOK_GUEST_OUT:-$here/../../dist/guest}
cd "$here/agent"

shared="configuration.c connect.c console.c child.c child-memory.c copy-in.c copy-out.c copy-place.c copy-stream.c copy-tree.c dispatch.c drain.c
  environment.c errand.c exec-request.c files.c frames.c identity.c large-pipe.c listeners.c port.c program.c serve.c
  session.c spawn.c stats.c stdin-queue.c stdout-stream.c user.c watch.c"
guest="devices.c handover.c image-init.c machine.c main-guest.c modules.c mounts.c network.c power.c root-disk.c root-growth.c
  shares.c"
warnings="-std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror
  -Wconversion -Wsign-conversion -Wdouble-promotion -Wcast-qual -Wcast-align -Wpointer-arith -Wnull-dereference
  -Wformat=2 -Wformat-signedness -Wformat-overflow=2 -Wformat-truncation=1 -Wstringop-overflow=4 -Warray-bounds=2
  -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes -Wmissing-declarations -Wredundant-decls -Wshadow
  -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wimplicit-fallthrough=5 -Wswitch-enum -Wjump-misses-init
  -Wundef -Wwrite-strings -Wvla -Walloca -Wstack-usage=24576"
hardening="-fstack-protector-strong -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero
  -fno-strict-aliasing -fno-strict-overflow -fno-delete-null-pointer-checks"
build_id=$(cat ./*.c ./*.h ../build.sh | sha256sum | cut -c1-16)
case ${1:-} in
  --sanitize) target=nook-agent-sanitized ;;
  --check) target=nook-init-checked ;;
  *) target=nook-init ;;
esac

need() {
  command -v "$1" >/dev/null 2>&1 && return
  echo "nook: $1 is missing; it builds the guest. Install it: apt-get install $2" >&2
  exit 69
}

build_guest() {
  need musl-gcc musl-tools
  # musl-gcc knows no static-pie: these are the start files and linker options that it would mean.
  crt=$(sed -n 's/.*-specs "\(.*\)\/musl-gcc\.specs".*/\1/p' "$(command -v musl-gcc)")
  begin="$crt/rcrt1.o $crt/crti.o $(gcc -print-file-name=crtbeginS.o)"
  end="$(gcc -print-file-name=crtendS.o) $crt/crtn.o"
  # shellcheck disable=SC2086
  musl-gcc $warnings $hardening -Os -fPIE -s -DNOOK_BUILD_ID="\"$build_id\"" \
    -ffunction-sections -fdata-sections -ffile-prefix-map="$here"=. \
    -nostartfiles -static -Wl,-pie,--no-dynamic-linker,-z,text,-z,noexecstack,-z,relro,-z,now \
    -Wl,--gc-sections,--build-id=none $begin $shared $guest $end -o "$1"
}

build_sanitized() {
  need gcc gcc
  # shellcheck disable=SC2086
  gcc $warnings -O1 -g -DNOOK_BUILD_ID="\"$build_id\"" -fno-omit-frame-pointer \
    -fsanitize=address,undefined -fno-sanitize-recover=all \
    -Wl,--wrap=network_apply $shared network.c main-host.c -o "$1"
}

check() {
  need gcc gcc
  for source in $shared $guest main-host.c; do
    # shellcheck disable=SC2086
    gcc $warnings $hardening -O2 -fanalyzer -fanalyzer-verbosity=1 -D_FORTIFY_SOURCE=3 -DNOOK_BUILD_ID="\"$build_id\"" -c "$source" -o "$1"
  done
}

mkdir -p "$out"
# Of several at once, the first builds and the others find it done.
exec 9>"$out/$target.lock"
! command -v flock >/dev/null 2>&1 || flock 9
trap 'rm -f "$out/$target.$$"' EXIT
if [ "$(cat "$out/$target.stamp" 2>/dev/null)" = "$build_id" ] && [ -e "$out/$target" ]; then
  exit 0
fi
case $target in
  nook-init) build_guest "$out/$target.$$" ;;
  nook-agent-sanitized) build_sanitized "$out/$target.$$" ;;
  nook-init-checked) check "$out/$target.$$" ;;
esac
mv "$out/$target.$$" "$out/$target"
echo "$build_id" >"$out/$target.stamp"
