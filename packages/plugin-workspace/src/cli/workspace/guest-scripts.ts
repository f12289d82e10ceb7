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

/** Whether there is something at `$1`: 0, else 1. */
export const IS_THERE_SCRIPT = '[ -e "$1" ] || [ -L "$1" ]';

/** `$1` a path, `$2` another one: puts what is there aside, and makes the folder that it lies in. */
export const PUT_ASIDE_SCRIPT = `
mkdir -p -- "$(dirname -- "$1")" || exit 1
rm -rf -- "$2" || exit 1
if [ -e "$1" ] || [ -L "$1" ]; then mv -- "$1" "$2"; fi
`;

/** Puts back what was put aside, when nothing has come in its place. */
export const PUT_BACK_SCRIPT = `
if [ -e "$2" ] && ! [ -e "$1" ]; then mv -- "$2" "$1"; fi
`;

export const REMOVE_SCRIPT = 'rm -rf -- "$1"';
