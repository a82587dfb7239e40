#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
# xpip list: what is installed, in three formats.

load server
load site

setup() {
	make_venv
	add_dist zope.interface 6.0
	add_dist Pillow 10.0.1 'Requires-Dist: zope-interface>=5' \
		'Requires-Dist: absent; extra == "x"'
}

teardown() {
	stop_server
}

@test "columns, sorted by name, spelled as the packages spell themselves" {
	run "$XPIP" list
	[ "$status" -eq 0 ]
	[ "$output" = "Package        Version
-------------- -------
Pillow         10.0.1
zope.interface 6.0" ]
}

@test "-v tells where and by whom" {
	run "$XPIP" list -v
	[ "${lines[0]}" = "$(printf '%-14s %-7s %-*s Installer' Package Version ${#SITE} Location)" ]
	[ "${lines[2]}" = "Pillow         10.0.1  $SITE xpip" ]
}

@test "freeze and json" {
	[ "$("$XPIP" list --format freeze)" = "Pillow==10.0.1
zope.interface==6.0" ]
	[ "$("$XPIP" list --format freeze -v | sed -n 1p)" = "Pillow==10.0.1 ($SITE)" ]
	[ "$("$XPIP" list --format json)" = \
		'[{"name": "Pillow", "version": "10.0.1"}, {"name": "zope.interface", "version": "6.0"}]' ]
	"$XPIP" list --format=json -v | grep -F '"installer": "xpip"'
}

@test "versions that are none are shown as they are" {
	add_dist odd 1-really-odd
	[ "$("$XPIP" list --format freeze | sed -n 1p)" = "odd===1-really-odd" ]
}

@test "build tags of wheels" {
	printf 'Wheel-Version: 1.0\nBuild: 7\nTag: py3-none-any\n' >"$SITE/Pillow-10.0.1.dist-info/WHEEL"
	run "$XPIP" list
	[ "${lines[0]}" = "Package        Version Build" ]
	[ "${lines[2]}" = "Pillow         10.0.1  7" ]
	[ "${lines[3]}" = "zope.interface 6.0" ]
}

@test "editables: by direct_url.json and by egg-link" {
	add_editable new-style 1.0 /somewhere/new%20style
	add_link old_style 2.0 "$BATS_TEST_TMPDIR/old"
	run "$XPIP" list --editable --format freeze
	[ "$output" = "new-style==1.0
old_style==2.0" ]
	run "$XPIP" list --exclude-editable --format freeze
	[ "$output" = "Pillow==10.0.1
zope.interface==6.0" ]
	run "$XPIP" list --exclude-editable --include-editable --format freeze
	[ "${#lines[@]}" -eq 4 ]
	run "$XPIP" list
	[ "${lines[0]}" = "Package        Version Editable project location" ]
	[ "${lines[2]}" = "new-style      1.0     /somewhere/new style" ]
	[ "${lines[3]}" = "old_style      2.0     $BATS_TEST_TMPDIR/old" ]
	"$XPIP" list --format json | grep -F '"editable_project_location": "/somewhere/new style"'
}

@test "--not-required, --exclude, --quiet" {
	[ "$("$XPIP" list --not-required --format freeze)" = "Pillow==10.0.1" ]
	[ "$("$XPIP" list --exclude zope_Interface --format freeze)" = "Pillow==10.0.1" ]
	[ -z "$("$XPIP" list -q)" ]
}

@test "--path looks elsewhere, --local and --user leave out" {
	mkdir other
	SITE=$PWD/other add_dist elsewhere 3
	[ "$("$XPIP" list --path other --format freeze)" = "elsewhere==3" ]
	PYTHONPATH=other "$XPIP" list --format freeze | grep -x elsewhere==3
	! PYTHONPATH=other "$XPIP" list --local --format freeze | grep elsewhere
	[ -z "$("$XPIP" list --user)" ]
	run "$XPIP" list --path other --local
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: Cannot combine '--path' with '--user' or '--local'" ]
}

@test "left-overs and folders without metadata" {
	mkdir "$SITE/~mpty-1.0.dist-info" "$SITE/nothing.dist-info" "$SITE/bare-1.0.dist-info"
	run --separate-stderr "$XPIP" list --format freeze
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "bare==1.0" ]
	[ "$stderr" = "WARNING: Skipping $SITE/nothing.dist-info due to invalid metadata entry 'name'
WARNING: Ignoring invalid distribution ~mpty ($SITE)" ]
}

@test "an egg-info, as a file and as a folder" {
	printf 'Metadata-Version: 1.0\nName: One.File\nVersion: 1.5\n' >"$SITE/One.File-1.5-py3.egg-info"
	mkdir "$SITE/folder-2.0-py3.8.egg-info"
	printf 'Metadata-Version: 1.0\nName: folder\nVersion: 2.0\n' >"$SITE/folder-2.0-py3.8.egg-info/PKG-INFO"
	printf 'zope.interface\n[x]\nabsent\n' >"$SITE/folder-2.0-py3.8.egg-info/requires.txt"
	run "$XPIP" list --format freeze
	[ "${lines[0]}" = "folder==2.0" ]
	[ "${lines[1]}" = "One.File==1.5" ]
	run "$XPIP" list --format freeze --not-required
	[ "${lines[*]}" = "folder==2.0 One.File==1.5 Pillow==10.0.1" ]
}

@test "--outdated and --uptodate ask the index" {
	mkdir root
	wheel() { python3 -c 'import sys, zipfile
name, version = sys.argv[1:]
info = f"{name}-{version}.dist-info/"
with zipfile.ZipFile(f"root/{name}-{version}-py3-none-any.whl", "w") as z:
    z.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")' "$1" "$2"; }
	wheel pillow 10.0.1
	wheel pillow 11.0rc1
	wheel pillow 10.2
	wheel pillow 10.3
	echo broken >root/pillow-10.3-py3-none-any.whl.yanked
	wheel zope_interface 6.0
	start_server --root root
	export PIP_INDEX_URL=$SERVER/simple/
	run "$XPIP" list --outdated
	[ "$output" = "Package Version Latest Type
------- ------- ------ -----
Pillow  10.0.1  10.2   wheel" ]
	[ "$("$XPIP" list --outdated --pre --format json)" = '[{"name": "Pillow", "version": "10.0.1", "latest_version": "11.0rc1", "latest_filetype": "wheel"}]' ]
	[ "$("$XPIP" list --uptodate --format freeze)" = zope.interface==6.0 ]
	run "$XPIP" list --outdated --uptodate
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: Options --outdated and --uptodate cannot be combined." ]
	run "$XPIP" list --outdated --format freeze
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: List format 'freeze' cannot be used with the --outdated option." ]
	PIP_INDEX_URL=$SERVER/status run "$XPIP" list --outdated --no-index --find-links root
	[ "${lines[2]}" = "Pillow  10.0.1  10.3   wheel" ]
}
