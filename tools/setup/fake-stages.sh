#!/bin/sh
# Stands in for stages.sh in the launcher's tests: fetching Node and pnpm, installing and building are too expensive
# there. Everything around them is the real thing. Each call leaves a line in calls.log; a file `fail-STAGE` in the
# checkout makes a stage fail, a pipe `block-STAGE` makes it wait until something is written to that.
set -eu
root=$(dirname "$(dirname "$(dirname "$(readlink -f -- "$0")")")")
cd "$root"
case $1 in
  has_node) test -x .nook/bin/node ;;
  has_pnpm) ;;
  has_packages) test -d node_modules ;;
  has_guest) test -f dist/guest ;;
  has_bundles) test -f dist/nook.mjs ;;
  make_*)
    stage=${1#make_}
    echo "$stage" >>calls.log
    if [ -e "fail-$stage" ]; then
      echo "the $stage stage says why"
      exit 3
    fi
    if [ -p "block-$stage" ]; then
      touch "blocked-$stage"
      cat "block-$stage"
    fi
    mkdir -p node_modules dist
    [ "$stage" != guest ] || touch dist/guest
    [ "$stage" != node ] || ln -sf "$NOOK_TEST_NODE" .nook/bin/node
    [ "$stage" != bundles ] || echo 'console.log(JSON.stringify(process.argv.slice(2))); process.exitCode = 5' >dist/nook.mjs
    ;;
esac
