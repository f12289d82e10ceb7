export const OK = 0;
export const FAILURE = 1;
export const USAGE = 2;
/** What a shell reports for a program that SIGPIPE ended. */
export const BROKEN_PIPE = 141;

export const EXIT_CODES_HELP = `Exit codes of nook:
  0        done
  1        it failed; stderr says what, why and what to do
  2        the command line was wrong; nothing was done
  69       programs are missing on this machine (first run only); stderr has the command that installs them
  70       setting up the checkout failed (first run only)
  71       not a machine that nook runs on: it needs x86-64 Linux
  72       no Node.js or npm to begin with (first run only)
  129 130 143   ended by SIGHUP, SIGINT, SIGTERM
  141      whatever read the output stopped reading

Exit codes of nook vm run and nook vm exec:
  N        the command's own
  125      nook itself failed
  126      the command was found but cannot be executed
  127      the command was not found
  128+N    the command was ended by signal N`;
