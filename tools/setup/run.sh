# Sourced with NOOK_ROOT set and stamp.sh loaded. nook_set_up returns when everything is in place and exits otherwise:
#   69 programs are missing on this machine and the command to install them was printed      70 a stage failed
#   71 not a machine that nook runs on      72 no Node.js or npm to begin with      128+N ended by signal N
. "$NOOK_ROOT/tools/setup/inputs.sh"
. "$NOOK_ROOT/tools/setup/host-programs.sh"
. "$NOOK_ROOT/tools/setup/progress.sh"

nook_set_up() {
  nook_dir=$NOOK_ROOT/.nook
  nook_check_machine
  # Newer than the stamp, but perhaps of the same content: touched, copied, or checked out forth and back.
  if nook_stamp_matches; then return 0; fi
  nook_check_writable
  umask 022
  mkdir -p "$nook_dir/stages" "$nook_dir/bin"
  nook_lock
  if nook_stamp_is_fresh || nook_stamp_matches; then nook_unlock; return 0; fi

  trap 'nook_interrupted 1' HUP
  trap 'nook_interrupted 2' INT
  trap 'nook_interrupted 15' TERM
  nook_begin_log
  nook_hash=$(nook_inputs_hash)
  nook_check_node
  nook_check_host_programs
  nook_stage node 'Node.js' tools/toolchain/node
  nook_stage pnpm 'pnpm' tools/toolchain/pnpm
  nook_stage packages 'packages' package.json pnpm-lock.yaml pnpm-workspace.yaml .npmrc 'packages/*/package.json' 'apps/*/package.json'
  [ ! -f "$NOOK_ROOT/packages/guest/build.sh" ] || nook_stage guest 'the guest' packages/guest
  nook_stage bundles 'the programs' packages apps tools package.json pnpm-lock.yaml .git/logs/HEAD
  nook_write_stamp "$nook_hash"
  nook_give_to_owner
  trap - HUP INT TERM
  nook_progress_end
  nook_unlock
}

# Looked for on every run of the tests, since no stamp says what a machine has.
nook_set_up_test_programs() {
  nook_dir=$NOOK_ROOT/.nook
  [ -w "$nook_dir" ] || return 0
  nook_lock
  trap 'nook_interrupted 1' HUP
  trap 'nook_interrupted 2' INT
  trap 'nook_interrupted 15' TERM
  nook_check_test_programs
  trap - HUP INT TERM
  nook_unlock
}

nook_die() {
  code=$1
  shift
  printf 'nook: %s\n' "$@" >&2
  exit "$code"
}

nook_check_machine() {
  case $(uname -s)/$(uname -m) in
    Linux/x86_64) ;;
    *) nook_die 71 "This is $(uname -s) on $(uname -m). nook runs on x86-64 Linux only." ;;
  esac
}

# The stamp holds the hash of what was built. When it still fits, only its time is brought up to date.
nook_stamp_matches() {
  nook_is_complete || return 1
  read -r stamped <"$nook_dir/stamp" || return 1
  began=
  if [ -w "$nook_dir" ]; then began=$nook_dir/began.$$ && : >"$began"; fi
  current=$(nook_inputs_hash)
  if [ "$current" = "$stamped" ]; then
    # As of before the hash: what changes while it is computed stays newer.
    if [ -n "$began" ]; then touch -r "$began" "$nook_dir/stamp" 2>/dev/null || :; fi
    same=0
  else
    same=1
  fi
  [ -z "$began" ] || rm -f "$began"
  return "$same"
}

# Written last and in one step: its presence says that all of the above was finished.
nook_write_stamp() {
  printf '%s\n' "$1" >"$nook_dir/stamp.new"
  sync "$nook_dir/stamp.new" 2>/dev/null || :
  touch -r "$nook_dir/began" "$nook_dir/stamp.new"
  mv -f "$nook_dir/stamp.new" "$nook_dir/stamp"
  # The set-up made directories inside the inputs, which look changed: settle that now, not on the next run.
  nook_stamp_matches || :
}

nook_check_writable() {
  if [ -e "$nook_dir" ]; then target=$nook_dir; else target=$NOOK_ROOT; fi
  if [ -w "$target" ] && [ -w "$NOOK_ROOT" ]; then
    owner=$(stat -c %U "$NOOK_ROOT")
    if [ "$(id -u)" = 0 ] && [ "$(stat -c %u "$NOOK_ROOT")" != 0 ]; then
      printf 'nook: This checkout belongs to %s; what root sets up in it is given to %s as well.\n' "$owner" "$owner" >&2
    fi
    return 0
  fi
  nook_die 70 "This checkout is not set up for its present content, and $(id -un) may not write to it ($target belongs to $(stat -c %U "$target"))." \
    "Let its owner run ./nook version once, or clone it to a place of your own."
}

nook_give_to_owner() {
  [ "$(id -u)" = 0 ] && [ "$(stat -c %u "$NOOK_ROOT")" != 0 ] || return 0
  set -- "$nook_dir" "$NOOK_ROOT/dist" "$NOOK_ROOT/node_modules"
  for made in "$NOOK_ROOT"/packages/*/node_modules "$NOOK_ROOT"/apps/*/node_modules; do
    [ ! -e "$made" ] || set -- "$@" "$made"
  done
  chown -R -h --reference="$NOOK_ROOT" "$@"
}

# The lock is held on a file descriptor that the stages inherit: while a stage that lost its launcher still runs,
# the next launcher waits for it.
nook_lock() {
  command -v flock >/dev/null || nook_die 69 "The program 'flock' is missing (Debian: apt-get install util-linux)."
  exec 9>"$nook_dir/setup.lock"
  flock -n 9 && return 0
  printf 'nook: another command is setting this checkout up; waiting for it\n' >&2
  flock 9
}

nook_unlock() {
  exec 9>&-
}

nook_begin_log() {
  : >"$nook_dir/began"
  printf '%s set-up of %s by %s\n' "$(date -u +%FT%TZ)" "$NOOK_ROOT" "$(id -un)" >"$nook_dir/setup.log"
}

nook_interrupted() {
  trap '' HUP INT TERM
  nook_stop_stage
  nook_progress_clear
  printf 'nook: set-up interrupted; the next command goes on where it stopped\n' >&2
  exit $((128 + $1))
}

# nook_stage NAME TITLE INPUT...: runs a stage of stages.sh unless it was finished for the same inputs.
nook_stage() {
  stage=$1
  title=$2
  shift 2
  stage_hash=$(nook_hash_of "$@")
  if [ "$(cat "$nook_dir/stages/$stage" 2>/dev/null)" = "$stage_hash" ] && sh "$NOOK_ROOT/tools/setup/stages.sh" "has_$stage"; then
    return 0
  fi
  rm -f "$nook_dir/stages/$stage"
  nook_run_logged "$stage" "$title" sh "$NOOK_ROOT/tools/setup/stages.sh" "make_$stage"
  printf '%s\n' "$stage_hash" >"$nook_dir/stages/$stage.new"
  mv -f "$nook_dir/stages/$stage.new" "$nook_dir/stages/$stage"
}

# nook_run_logged STAGE TITLE COMMAND...: in a session of its own, so that all of it can be ended; output goes to the log.
nook_run_logged() {
  stage=$1
  title=$2
  shift 2
  nook_progress_start "$title"
  printf '\n=== %s\n' "$stage" >>"$nook_dir/setup.log"
  setsid "$@" </dev/null >>"$nook_dir/setup.log" 2>&1 &
  stage_pid=$!
  # A trapped signal ends the wait early; its trap does not return.
  wait "$stage_pid"
  status=$?
  stage_pid=
  nook_progress_stop
  [ "$status" = 0 ] && return 0
  nook_progress_clear
  printf 'nook: setting up %s failed (exit code %s). The end of %s:\n' "$title" "$status" "$nook_dir/setup.log" >&2
  tail -n 20 "$nook_dir/setup.log" | sed 's/^/  | /' >&2
  exit 70
}

nook_stop_stage() {
  [ -z "${stage_pid:-}" ] || kill -TERM "-$stage_pid" 2>/dev/null || :
}
