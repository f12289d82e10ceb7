# Sourced with NOOK_ROOT set and stamp.sh loaded.

# nook_hash_of PATTERN...: one hash of the names and contents of files, and of folders without what is made in them.
nook_hash_of() (
  cd "$NOOK_ROOT" || exit 1
  paths=
  for pattern in "$@"; do
    for path in $pattern; do
      [ ! -e "$path" ] || paths="$paths $path"
    done
  done
  [ -n "$paths" ] || exit 0
  # shellcheck disable=SC2086 # no path among the inputs' top ones holds a blank
  find $paths -name node_modules -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1
)

nook_inputs_hash() {
  # shellcheck disable=SC2086
  nook_hash_of $nook_inputs
}
