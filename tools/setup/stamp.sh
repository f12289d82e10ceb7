# Sourced with NOOK_ROOT set, on every single run: only builtins and one find.

# The programs of file systems live in sbin, which an ordinary user's PATH often lacks.
case :$PATH: in
  *:/usr/sbin:*) ;;
  *) PATH=$PATH:/usr/sbin:/sbin ;;
esac

# Everything that what we build is made from. Paths relative to NOOK_ROOT; missing ones are skipped.
nook_inputs='packages apps tools nook package.json pnpm-lock.yaml pnpm-workspace.yaml .npmrc .git/logs/HEAD'

nook_is_complete() {
  [ -f "$NOOK_ROOT/.nook/stamp" ] && [ -x "$NOOK_ROOT/.nook/bin/node" ] && [ -f "$NOOK_ROOT/dist/nook.mjs" ] &&
    [ -d "$NOOK_ROOT/node_modules" ]
}

# True when set up and nothing changed since. It looks at the time of the last status change, which, unlike the
# modification time, no copying, unpacking or checking out sets back; a removed file shows in its directory.
nook_stamp_is_fresh() {
  nook_is_complete || return 1
  set --
  for input in $nook_inputs; do
    [ ! -e "$NOOK_ROOT/$input" ] || set -- "$@" "$NOOK_ROOT/$input"
  done
  newer=$(find "$@" -name node_modules -prune -o -cnewer "$NOOK_ROOT/.nook/stamp" -print -quit 2>&1) || return 1
  [ -z "$newer" ]
}
