#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# xpip check: what is installed fits together.

bats_require_minimum_version 1.5.0
load site

setup() {
	make_venv
	add_dist Fine 1.0 'Requires-Dist: other.Thing>=1' 'Requires-Dist: absent; python_version < "3"' \
		'Requires-Dist: absent; extra == "x"'
	add_dist other-thing 1.5rc1
}

@test "nothing to complain of" {
	run "$XPIP" check
	[ "$status" -eq 0 ]
	[ "$output" = "No broken requirements found." ]
	[ -z "$("$XPIP" check -q)" ]
}

@test "missing ones first, then conflicts" {
	add_dist Asks 1.0 'Requires-Dist: other_thing[a]!=1.5rc1,<2; python_version > "2"' \
		'Requires-Dist: Zeta>1' 'Requires-Dist: eta' 'Requires-Dist: eta'
	add_dist bsks 2 'Requires-Dist: eta'
	run "$XPIP" check
	[ "$status" -eq 1 ]
	[ "$output" = 'asks 1.0 requires eta, which is not installed.
asks 1.0 requires zeta, which is not installed.
bsks 2 requires eta, which is not installed.
asks 1.0 has requirement other_thing[a]!=1.5rc1,<2; python_version > "2", but you have other-thing 1.5rc1.' ]
}

@test "an egg-info's requires.txt" {
	mkdir "$SITE/eggy.egg-info"
	printf 'Metadata-Version: 1.0\nName: eggy\nVersion: 1\n' >"$SITE/eggy.egg-info/PKG-INFO"
	printf 'gone>=1\n' >"$SITE/eggy.egg-info/requires.txt"
	run "$XPIP" check
	[ "$output" = "eggy 1 requires gone, which is not installed." ]
}

@test "wheels of other platforms" {
	printf 'Wheel-Version: 1.0\nTag: cp27-none-any\nTag: py3-none-win32\n' >"$SITE/Fine-1.0.dist-info/WHEEL"
	printf 'Wheel-Version: 1.0\nTag: py2.py3-none-any\n' >"$SITE/other_thing-1.5rc1.dist-info/WHEEL"
	run "$XPIP" check
	[ "$status" -eq 1 ]
	[ "$output" = "Fine 1.0 is not supported on this platform" ]
}

@test "requirements and versions that make no sense" {
	add_dist bad 1 'Requires-Dist: a b c'
	add_dist odd 1-odd
	run --separate-stderr "$XPIP" check
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ "$stderr" = "WARNING: Error parsing dependencies of bad: "*"WARNING: Error parsing dependencies of odd: Invalid version: '1-odd'" ]]
}
