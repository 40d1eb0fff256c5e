# Brings Debian's git of a fixed version into a temporary folder, and goes there. Sourced by findings about git.
#
# Defines `version`, and `git` as that program with no configuration but the repository's.
version=1:2.39.5-0+deb12u3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq "git=$version" 2>/dev/null || { echo "cannot fetch git $version" >&2; exit 2; }
dpkg-deb -x git_*.deb tool
git() { GIT_CONFIG_NOSYSTEM=1 HOME=$folder GIT_EXEC_PATH=$folder/tool/usr/lib/git-core "$folder/tool/usr/bin/git" "$@"; }
