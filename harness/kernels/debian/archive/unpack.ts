/** The files in a .deb, for scripts of bash: a member of an ar archive. */

/**
 * Defines `files_of DEB`, which writes a tar archive of the package's files to standard output: by dpkg-deb where it is
 * installed, else by ar and what its member was compressed with.
 */
export const FILES_OF = `files_of() {
  if command -v dpkg-deb >/dev/null; then dpkg-deb --fsys-tarfile "$1"; return; fi
  local members member
  members=$(ar t "$1")
  member=$(grep -m 1 '^data\\.tar' <<<"$members") || { echo "$1 holds no data.tar" >&2; return 1; }
  case $member in
  *.xz) ar p "$1" "$member" | xz --decompress ;;
  *.zst) ar p "$1" "$member" | zstd --decompress ;;
  *.gz) ar p "$1" "$member" | gzip --decompress ;;
  *) ar p "$1" "$member" ;;
  esac
}
`
