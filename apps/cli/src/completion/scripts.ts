/**
 * What a shell loads. Each asks `nook completion words -- WORD…` and gets one candidate a line, `WORD<tab>HELP`; a first
 * line `:files` says that the shell knows better: names of files.
 */
export const SCRIPTS = {
  bash: `# bash completion for nook: nook completion bash
_nook() {
  local line words
  COMPREPLY=()
  words=$("\${COMP_WORDS[0]}" completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return 0
  if [ "$words" = :files ]; then
    compopt -o default
    return 0
  fi
  # Readline takes --name=value apart: what is before the value is there already.
  while IFS= read -r line; do
    line=\${line%%$'\\t'*}
    [ -z "$line" ] || COMPREPLY+=("\${line#--*=}")
  done <<<"$words"
}
complete -F _nook nook
`,
  zsh: `#compdef nook
# zsh completion for nook: nook completion zsh
_nook() {
  local -a lines described
  local line
  lines=("\${(@f)$("\${words[1]}" completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == :files ]]; then
    _files
    return
  fi
  for line in $lines; do
    [[ -z $line ]] || described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe -V nook described
}
if [ "$funcstack[1]" = _nook ]; then _nook "$@"; else compdef _nook nook; fi
`,
  fish: `# fish completion for nook: nook completion fish
function __nook_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines (command $words[1] completion words -- $words[2..] 2>/dev/null)
  if test "$lines[1]" = :files
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $lines
  end
end
complete -c nook -f -a '(__nook_complete)'
`,
} as const;
