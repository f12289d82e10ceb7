# Sourced. Progress on stderr: one line per stage, on a terminal with the seconds counting in place.

nook_began_at=$(date +%s)
nook_ticker=
nook_shown=

nook_progress_start() {
  nook_shown=yes
  if [ ! -t 2 ]; then
    printf 'nook: [%3d s] setting up %s\n' "$(($(date +%s) - nook_began_at))" "$1" >&2
    return 0
  fi
  (
    trap - HUP INT TERM
    exec 9>&-
    stage_began=$(date +%s)
    while kill -0 $$ 2>/dev/null; do
      printf '\r\033[Knook: setting up %s  %d s' "$1" "$(($(date +%s) - stage_began))" >&2
      sleep 1
    done
  ) &
  nook_ticker=$!
}

nook_progress_stop() {
  [ -n "$nook_ticker" ] || return 0
  kill "$nook_ticker" 2>/dev/null
  wait "$nook_ticker" 2>/dev/null
  nook_ticker=
  printf '\n' >&2
}

nook_progress_clear() {
  if [ -n "$nook_ticker" ]; then nook_progress_stop; fi
}

nook_progress_end() {
  [ -z "$nook_shown" ] || printf 'nook: set up in %d s\n' "$(($(date +%s) - nook_began_at))" >&2
}
