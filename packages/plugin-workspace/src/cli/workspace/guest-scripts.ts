/**
 * `$1` the repository, `$2` what the result is compared with. A patch of all that is in the working tree, whether committed
 * or not, but for what is ignored. Its index and its objects are its own: nothing of the repository changes. Files of Git
 * LFS were sent as they are, so no filter of it is run.
 */
const TREE = `
set -e
cd "$1"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
objects=$(cd "$(git rev-parse --git-path objects)" && pwd)
cp -p "$(git rev-parse --git-path index)" "$dir/index" 2>/dev/null || true
mkdir "$dir/objects"
export GIT_INDEX_FILE="$dir/index" GIT_OBJECT_DIRECTORY="$dir/objects" GIT_ALTERNATE_OBJECT_DIRECTORIES="$objects"
base=$(git rev-parse --verify --quiet "$2^{tree}") || { echo "there is no commit $2" >&2; exit 3; }
git -c core.safecrlf=false -c core.fsmonitor=false -c advice.addEmbeddedRepo=false \\
  -c filter.lfs.clean= -c filter.lfs.process= -c filter.lfs.required=false add -A
tree=$(git write-tree)
compare() { git diff-tree -r --no-renames --no-ext-diff --no-textconv --ignore-submodules=all "$@" "$base" "$tree"; }
`;

/** The patch on stdout; on stderr the branches whose commits are not in it. */
export const EXPORT_SCRIPT = `${TREE}
compare -p --binary --full-index
git for-each-ref --no-merged HEAD --format='%(refname:short)' refs/heads >&2
`;

/** `A`, `M`, `D` and the like, and a name, each with NUL after it. */
export const CHANGES_SCRIPT = `${TREE}
compare --name-status -z
`;

/** `$1` the repository, `$2` the commit that it was given. The commits since, and where it is. */
export const COMMITS_SCRIPT = `
cd "$1" && git rev-list --count "$2..HEAD" && git rev-parse HEAD && { git symbolic-ref -q --short HEAD || true; }
`;

/**
 * `$1` a path, `$2` another one. Says whether something is at the first and whether there is git; then does as it is told,
 * line by line. Puts back what it put aside when the last word does not come.
 */
export const PLACE_SCRIPT = `
place=$1 aside=$2
is_there() { [ -e "$1" ] || [ -L "$1" ]; }
put_back() { if is_there "$aside" && ! is_there "$place"; then mv -- "$aside" "$place"; fi; }
trap 'put_back; exit 1' HUP TERM
free=free git=none
is_there "$place" && free=taken
command -v git >/dev/null && git=git
echo "$free $git"
read -r word && [ "$word" = clear ] || exit 0
if is_there "$place"; then mv -- "$place" "$aside" || exit 1
else
  above=\${place%/*}
  [ -d "\${above:-/}" ] || mkdir -p -- "$above" || exit 1
fi
echo cleared
read -r word
if [ "$word" = settle ]; then
  if is_there "$aside"; then rm -rf -- "$aside"; fi
else put_back
fi
`;
