#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
# xpip uninstall: what goes, what stays, what is asked and said.

load site

setup() {
	make_venv
	export PYTHONDONTWRITEBYTECODE=1
	mkdir links
}

wheel() { "$BATS_TEST_DIRNAME/../wheel" links "$@" >/dev/null; }
install() { "$XPIP" install -q --no-index --find-links links "$@"; }

@test "everything that a package brought goes, byte code and scripts included" {
	wheel demo 1.0 --script 'demo=demo:main' --file 'pack/__init__.py=1' --data 'data/share/demo/note=x'
	install demo
	[ -e "$VIRTUAL_ENV/bin/demo" ]
	[ -e "$VIRTUAL_ENV/share/demo/note" ]
	echo 2 >"$SITE/pack/__pycache__/__init__.cpython-999.pyc"
	run "$XPIP" uninstall -y Demo
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "Found existing installation: demo 1.0" ]
	[ "${lines[1]}" = "Uninstalling demo-1.0:" ]
	[ "${lines[2]}" = "  Successfully uninstalled demo-1.0" ]
	[ ! -e "$VIRTUAL_ENV/bin/demo" ]
	[ ! -e "$VIRTUAL_ENV/share" ]
	[ ! -e "$SITE/demo-1.0.dist-info" ]
	# Another interpreter's code is nobody's: it stays.
	[ "$(cd "$SITE" && find . -type f)" = "./pack/__pycache__/__init__.cpython-999.pyc" ]
}

@test "what would be removed is shown before the question" {
	wheel demo 1.0 --script 'demo=demo:main' --file 'pack/__init__.py=1' --file 'pack/deep/x.py=1'
	install demo
	echo mine >"$SITE/pack/mine.txt"
	run --separate-stderr "$XPIP" uninstall demo <<<n
	[ "$status" -eq 0 ]
	real=$(realpath "$SITE") bin=$(realpath "$VIRTUAL_ENV/bin")
	[ "$output" = "Found existing installation: demo 1.0
Uninstalling demo-1.0:
  Would remove:
    $bin/demo
    $real/demo-1.0.dist-info/*
    $real/demo.py
    $real/pack/*
  Would not remove (might be manually added):
    $real/pack/mine.txt
Proceed (Y/n)? " ]
	[ -e "$SITE/demo.py" ]
	run "$XPIP" uninstall demo <<<$'what\ny'
	[ "$status" -eq 0 ]
	[[ "$output" == *"Your response ('what') was not one of the expected responses: y, n, "* ]]
	[[ "$output" == *"Successfully uninstalled demo-1.0" ]]
	[ ! -e "$SITE/demo.py" ]
	[ "$(cat "$SITE/pack/mine.txt")" = mine ]
}

@test "no answer is no consent" {
	wheel demo 1.0
	install demo
	run "$XPIP" uninstall demo </dev/null
	[ "$status" -eq 1 ]
	run "$XPIP" uninstall --no-input demo <<<y
	[ "$status" -eq 1 ]
	[[ "$output" == *"No input was expected"* ]]
	[ -e "$SITE/demo.py" ]
}

@test "names that are not installed are skipped, what has no name is ignored" {
	wheel demo 1.0
	install demo
	mkdir folder
	echo 'from setuptools import setup; setup()' >folder/setup.py
	run "$XPIP" uninstall -y absent ./folder demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"WARNING: Skipping absent as it is not installed."* ]]
	[[ "$output" == *"WARNING: Invalid requirement: './folder' ignored - the uninstall command expects named requirements."* ]]
	[[ "$output" == *"Successfully uninstalled demo-1.0"* ]]
	run "$XPIP" uninstall -y
	[ "$status" -eq 1 ]
	[[ "$output" == *"You must give at least one requirement to uninstall (see "* ]]
}

@test "requirements files name what goes, in order" {
	wheel one 1.0
	wheel two 2.0
	install one two
	printf 'two>=1\none  # why\n' >r.txt
	run "$XPIP" uninstall --yes --requirement r.txt
	[ "$status" -eq 0 ]
	[[ "$output" == *"uninstalled two-2.0"*"uninstalled one-1.0"* ]]
	[ -z "$(ls "$SITE")" ]
}

@test "a shared folder keeps the others' files" {
	wheel one 1.0 --file 'space/one.py=1'
	wheel two 1.0 --file 'space/two.py=2'
	install one two
	"$XPIP" uninstall -y one
	[ "$(cat "$SITE/space/two.py")" = 2 ]
	[ ! -e "$SITE/space/one.py" ]
	"$XPIP" uninstall -y two
	[ ! -e "$SITE/space" ]
}

@test "RECORD cannot reach outside of the environment" {
	add_dist evil 1.0
	mkdir precious
	echo x >precious/file
	ln -s "$PWD/precious" "$SITE/link"
	printf 'evil-1.0.dist-info/INSTALLER,,\n../../../../precious/file,,\n%s/precious/file,,\nlink/file,,\n' "$PWD" \
		>>"$SITE/evil-1.0.dist-info/RECORD"
	run "$XPIP" uninstall evil <<<y
	[ "$status" -eq 0 ]
	[[ "$output" == *"Would not remove (outside of prefix):
    $(realpath precious)/file"* ]]
	[ -e precious/file ]
	[ ! -e "$SITE/evil-1.0.dist-info" ]
}

@test "a package without RECORD is refused, and so is one of distutils" {
	add_dist lost 1.0
	rm "$SITE/lost-1.0.dist-info/RECORD"
	run "$XPIP" uninstall -y lost
	[ "$status" -eq 1 ]
	[[ "$output" == *"× Cannot uninstall lost 1.0"* ]]
	[[ "$output" == *"no RECORD file was found for lost."* ]]
	[[ "$output" == *"hint: You might be able to recover from this via: "* ]]
	printf 'Metadata-Version: 1.0\nName: old\nVersion: 1\n' >"$SITE/old-1-py3.egg-info"
	run "$XPIP" uninstall -y old
	[ "$status" -eq 1 ]
	[[ "$output" == *"It is a distutils installed project"* ]]
	[ -e "$SITE/old-1-py3.egg-info" ]
}

@test "an egg-info with a list of files, and a project in development" {
	mkdir -p "$SITE/egg-1.0-py3.egg-info" "$SITE/egg"
	printf 'Metadata-Version: 1.0\nName: egg\nVersion: 1.0\n' >"$SITE/egg-1.0-py3.egg-info/PKG-INFO"
	printf '../egg/__init__.py\nPKG-INFO\n' >"$SITE/egg-1.0-py3.egg-info/installed-files.txt"
	echo >"$SITE/egg/__init__.py"
	"$XPIP" uninstall -y egg
	[ -z "$(ls "$SITE")" ]
	printf 'other\n' >"$SITE/easy-install.pth"
	add_link devel 1.0 "$PWD/source"
	"$XPIP" uninstall -y devel
	[ "$(ls "$SITE")" = easy-install.pth ]
	[ "$(cat "$SITE/easy-install.pth")" = other ]
	[ -e source/devel.egg-info ]
}

@test "an environment that somebody else manages is left alone" {
	unset VIRTUAL_ENV
	export PATH=/usr/bin:$PATH
	stdlib=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
	[ -e "$stdlib/EXTERNALLY-MANAGED" ] || skip "this interpreter is not managed"
	run "$XPIP" uninstall -y no-such-project
	[ "$status" -eq 1 ]
	[[ "$output" == *"externally-managed-environment"* ]]
	run "$XPIP" uninstall -y --break-system-packages --root-user-action ignore no-such-project
	[ "$status" -eq 0 ]
	[[ "$output" == *"Skipping no-such-project as it is not installed."* ]]
}
