#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

setup() {
	export HOME="$BATS_TEST_TMPDIR" PIP_CONFIG_FILE=/dev/null
	export PIP_CACHE_DIR="$HOME/c"
	cd "$HOME"
	mkdir -p c/wheels/aa/bb c/wheels/cc c/http-v2/a c/store-v1/x
	head -c 1500 /dev/zero >c/wheels/aa/bb/six-1.0-py3-none-any.whl
	echo '{}' >c/wheels/aa/bb/origin.json
	head -c 20000 /dev/zero >c/wheels/cc/sixty-1.0-py3-none-any.whl
	head -c 10 /dev/zero >c/http-v2/a/page
	head -c 10 /dev/zero >c/store-v1/x/file
}

@test "dir and info" {
	[ "$("$XPIP" cache dir)" = "$HOME/c" ]
	run "$XPIP" cache info
	[ "${lines[0]}" = "Package index page cache location (pip v23.3+): $HOME/c/http-v2" ]
	[ "${lines[2]}" = "Package index page cache size: 10 bytes" ]
	[ "${lines[3]}" = "Number of HTTP files: 1" ]
	[ "${lines[5]}" = "Locally built wheels size: 21 kB" ]
	[ "${lines[6]}" = "Number of locally built wheels: 2" ]
}

@test "list by name, by glob, as paths" {
	run "$XPIP" cache list
	[ "$output" = "Cache contents:

 - six-1.0-py3-none-any.whl (1.5 kB)
 - sixty-1.0-py3-none-any.whl (20 kB)" ]
	run "$XPIP" cache list six --format abspath
	[ "$output" = "$HOME/c/wheels/aa/bb/six-1.0-py3-none-any.whl" ]
	run "$XPIP" cache list 'six*-1.0'
	[ "${#lines[@]}" -eq 3 ]
	[ "$("$XPIP" cache list none)" = "No locally built wheels cached." ]
}

@test "remove takes matching wheels, purge everything" {
	run "$XPIP" cache remove six
	[ "$output" = "Files removed: 1 (1.5 kB)
Directories removed: 2" ]
	[ ! -e c/wheels/aa ] && [ -e c/wheels/cc ] && [ -e c/http-v2/a/page ]
	run "$XPIP" cache remove six
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = 'WARNING: No matching packages for pattern "six"' ]
	run "$XPIP" cache purge
	[ "${lines[0]}" = "Files removed: 3 (20 kB)" ]
	[ -z "$(find c -type f)" ]
}

@test "purge takes what is parsed, empty folders and left-overs too" {
	mkdir -p c/pages-v1/aa c/metadata-v1/bb c/interpreters-v1 c/wheels/empty c/http-v2/empty
	touch c/pages-v1/aa/p c/metadata-v1/bb/m c/interpreters-v1/i c/selfcheck.json c/kept
	[ "$("$XPIP" cache info | sed -n 4p)" = "Number of HTTP files: 3" ]
	run "$XPIP" cache purge -v
	[[ "$output" == *"Removed legacy selfcheck.json file"* ]]
	[ "${lines[-2]}" = "Files removed: 7 (21 kB)" ]
	[ "$(find c | sort | tr '\n' ' ')" = "c c/kept c/wheels " ]
}

@test "mistakes are told" {
	run "$XPIP" cache
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: Need an action (dir, info, list, purge, remove) to perform." ]
	[ "$("$XPIP" cache dir x 2>&1)" = "ERROR: Too many arguments" ]
	[ "$("$XPIP" cache remove 2>&1)" = "ERROR: Please provide a pattern" ]
}
