/** What a machine's shell does with kwitness-check, which comes on its standard input. */

/** Folders that may take the program, in the order in which they are tried. */
const PLACES = '"${TMPDIR:-/tmp}" /tmp /var/tmp /dev/shm "$HOME" "$XDG_RUNTIME_DIR"'

/**
 * Finds a folder that takes the program and runs it: words are the name of the folder to make, the size of the program, and its
 * options. Nothing is left where it fails, or the connection ends before the program has come. Each command it starts costs a
 * machine a millisecond: the shell itself makes room for the program. Where the shell does not see that nothing runs in a folder,
 * running the program tells (126), and it moves on.
 */
export const BOOTSTRAP = [
  'umask 077; name=$1; size=$2; shift 2; why=; source=',
  `trap 'for one in ${PLACES}; do test ! -e "$one/$name" || rm -rf "$one/$name"; done' EXIT`,
  "trap 'exit 1' HUP INT TERM PIPE",
  `for folder in ${PLACES}; do`,
  '  test -n "$folder" && test -d "$folder" || continue',
  '  place=$folder/$name; file=$place/program',
  '  mkdir "$place" 2>/dev/null || { why="$why; $folder: cannot be written"; continue; }',
  '  if test -n "$source"; then cp -p "$source" "$file"',
  '  else printf "%${size}s" "" >"$file" && chmod 700 "$file"; fi 2>/dev/null ||',
  '    { why="$why; $folder: the disk is full"; rm -rf "$place"; continue; }',
  '  test -z "$source" || { rm -rf "${source%/*}"; source=$file; }',
  '  if test -x "$file"; then',
  '    if test -z "$source"; then',
  '      head -c "$size" >"$file"; source=$file',
  '      if test "$(wc -c <"$file")" -ne "$size"; then echo "the program did not come whole" >&2; exit 76; fi',
  '    fi',
  '    "$file" --remove "$file" --lifeline "$@"; code=$?',
  '    test "$code" -eq 126 || exit "$code"',
  '  fi',
  '  why="$why; $folder: nothing runs there (noexec)"',
  '  test -n "$source" || rm -rf "$place"',
  'done',
  'echo "no folder takes a program${why}" >&2; exit 74',
].join('\n')
