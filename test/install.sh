#!/usr/bin/env bash
# Installs what the tests need beside Go and g++, where that is possible: as root, on a system with apt. Arguments are
# further Debian packages, and folders with a package-lock.json, whose packages npm puts below .tools.
# versitygw as the only argument installs that alone, for the demo.
# Prints the name of every part that is still missing, one a line, on standard output, and how to get it on
# standard error. With CI=true a missing part is an error.
set -euo pipefail

# The binaries of a server are not always on the PATH.
have() {
	command -v "$1" >/dev/null || [ -x "/usr/lib/postgresql/15/bin/$1" ] || [ -x "/usr/sbin/$1" ]
}

# A package may have no program of its name.
have_package() {
	have "$1" || [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing() {
	have initdb && have postgres || echo postgresql-15
	have psql || echo postgresql-client-15
	command -v moto_server >/dev/null || [ -x .tools/moto/bin/moto_server ] ||
		python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
	local part
	for part in "$@"; do have_package "$part" || echo "$part"; done
}

# S3 for the tests, as a program of its own: its dependencies would be more than all of go.mod.
versitygw_version=v1.8.0
versitygw=.tools/versitygw-$versitygw_version

install_versitygw() {
	[ -x "$versitygw" ] && return
	GOBIN=$PWD/.tools/build go install "github.com/versity/versitygw/cmd/versitygw@$versitygw_version" >&2 &&
		mv .tools/build/versitygw "$versitygw" && rmdir .tools/build
}

# moto_server in an environment of its own, which make test puts into PATH.
install_moto() {
	command -v moto_server >/dev/null && return
	[ -x .tools/moto/bin/moto_server ] && return
	[ "$(id -u)" = 0 ] && python3 -m venv .tools/moto >&2 && .tools/moto/bin/pip install --quiet 'moto[server]' >&2
}

# npm_modules tells where the packages of a folder's package-lock.json are.
npm_modules() { echo ".tools/$(echo "$1" | tr / -)"; }

# install_npm_modules takes what the lock file says, no newer version; nothing of a package is run.
install_npm_modules() {
	local to
	to=$(npm_modules "$1")
	cmp -s "$1/package-lock.json" "$to/installed" && return
	rm -rf "$to" && mkdir -p "$to" && cp "$1/package.json" "$1/package-lock.json" "$to" &&
		(cd "$to" && npm ci --ignore-scripts --no-audit --no-fund >&2) && cp "$1/package-lock.json" "$to/installed"
}

install() {
	export DEBIAN_FRONTEND=noninteractive
	# The tests make servers of their own: the package shall not start one.
	if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
		mkdir -p /etc/postgresql-common
		echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
	fi
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "$@"
}

cd "$(dirname "$0")/.."
if [ "$*" = versitygw ]; then
	install_versitygw
	exit
fi
modules=()
packages=()
for part in "$@"; do
	if [ -e "$part/package-lock.json" ]; then modules+=("$part"); else packages+=("$part"); fi
done
left=$(missing "${packages[@]}")
if [ -n "$left" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	# shellcheck disable=SC2086 # one word each
	install $left >&2 || echo "test/install.sh: apt-get could not install: $(echo $left)" >&2
	left=$(missing "${packages[@]}")
fi
if [ -n "$left" ]; then
	echo "test/install.sh: missing: $(echo $left); as root: apt-get install $(echo $left)" >&2
fi
if ! install_versitygw; then
	echo "test/install.sh: missing: versitygw; go install github.com/versity/versitygw/cmd/versitygw@$versitygw_version did not work" >&2
	left="$left versitygw"
fi
if ! install_moto; then
	echo "test/install.sh: missing: moto_server; pip install 'moto[server]'" >&2
	left="$left moto_server"
fi
for part in "${modules[@]}"; do
	if ! install_npm_modules "$part"; then
		echo "test/install.sh: missing: $part; npm ci in $(npm_modules "$part") did not work" >&2
		left="$left $part"
	fi
done
if [ -n "$left" ]; then
	if [ "${CI:-}" = true ]; then
		exit 1
	fi
	echo "$left"
fi
