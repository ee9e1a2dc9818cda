#!/usr/bin/env bash
# Installs what the tests need beside Go and g++, where that is possible: as root, on a system with apt. Arguments are
# further Debian packages, and folders with a package-lock.json, requirements.txt or pom.xml, whose packages are put below
# .tools.
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

# A folder lists packages of a registry in a file that npm, pip or Maven reads.
list_in() {
	local name
	for name in package-lock.json requirements.txt pom.xml; do
		[ ! -e "$1/$name" ] || echo "$1/$name"
	done
}

# home_of tells where what a folder lists is put.
home_of() { echo ".tools/$(echo "$1" | tr / -)"; }

# install_listed takes what the list says, no newer version; of npm's packages nothing is run.
install_listed() {
	local list to
	list=$(list_in "$1")
	to=$(home_of "$1")
	cmp -s "$list" "$to/installed" && return
	rm -rf "$to" && mkdir -p "$to" && case $list in
	*.json) cp "$1/package.json" "$list" "$to" && (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund >&2) ;;
	*.txt) python3 -m venv "$to" && "$to/bin/pip" install --quiet --disable-pip-version-check -r "$list" >&2 ;;
	*.xml) mvn --quiet --batch-mode -f "$list" dependency:copy-dependencies -DoutputDirectory="$PWD/$to" >&2 ;;
	esac && cp "$list" "$to/installed"
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
listed=()
packages=()
for part in "$@"; do
	if [ -n "$(list_in "$part")" ]; then listed+=("$part"); else packages+=("$part"); fi
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
for part in "${listed[@]}"; do
	if ! install_listed "$part"; then
		echo "test/install.sh: missing: what $(list_in "$part") lists, in $(home_of "$part")" >&2
		left="$left $part"
	fi
done
if [ -n "$left" ]; then
	if [ "${CI:-}" = true ]; then
		exit 1
	fi
	echo "$left"
fi
