# Brings Debian's newest cloud kernel of trixie into a temporary folder, as `vmlinux`, and goes there. Sourced by findings about QEMU.
#
# Defines `fetch PACKAGE FOLDER`, which unpacks a package of bookworm or trixie. Exits 2 where it cannot be brought.
for program in qemu-system-x86_64 zstd; do
  command -v $program >/dev/null || { echo "$program is not installed" >&2; exit 2; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -1)
mkdir -p lists/partial cache/archives/partial
for suite in bookworm trixie; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main"
done >sources.list
apt() {
  apt-get -qq -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" "$@" 2>/dev/null
}
cache() {
  apt-cache -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" "$@" 2>/dev/null
}
fetch() {
  apt download "$1" || { echo "cannot fetch $1" >&2; exit 2; }
  dpkg-deb -x ./*.deb "$2"
  rm ./*.deb
}
apt update || { echo 'cannot read the index of trixie' >&2; exit 2; }
image=$(cache show linux-image-cloud-amd64/trixie | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | head -1)
fetch "$image" kernel
# QEMU takes the PVH entry of an ELF file, which is packed in Debian's image.
packed=$(find kernel/boot -name 'vmlinuz-*')
magic=$(printf '\50\265\57\375')
for offset in $(LC_ALL=C grep -aboF "$magic" "$packed" | cut -d: -f1); do
  tail -c "+$((offset + 1))" "$packed" | zstd -dc >vmlinux 2>/dev/null || true
  [ ! -s vmlinux ] || break
done
[ -s vmlinux ] || { echo "cannot unpack $packed" >&2; exit 2; }
