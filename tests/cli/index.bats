#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# xpip index versions: the releases that an index has.

load server
load site

setup() {
	make_venv
	mkdir root
	"$BATS_TEST_DIRNAME/../wheel" root demo 1.0 >/dev/null
	"$BATS_TEST_DIRNAME/../wheel" root demo 1.10 >/dev/null
	"$BATS_TEST_DIRNAME/../wheel" root demo 1.9 >/dev/null
	"$BATS_TEST_DIRNAME/../wheel" root demo 2.0rc1 >/dev/null
	"$BATS_TEST_DIRNAME/../wheel" root demo 1.11 >/dev/null
	echo bad >"$(echo root/demo-1.11-*.whl).yanked"
	start_server --root root
	export PIP_INDEX_URL=$SERVER/simple/
}

teardown() {
	stop_server
}

@test "newest first; pre-releases and yanked releases left out" {
	run "$XPIP" index versions Demo
	[ "$status" -eq 0 ]
	[ "$output" = "Demo (1.10)
Available versions: 1.10, 1.9, 1.0" ]
	[ "$("$XPIP" index versions --json demo)" = \
		'{"name": "demo", "versions": ["1.10", "1.9", "1.0"], "latest": "1.10"}' ]
	[ "$("$XPIP" index versions --prefer-binary --all-releases demo demo | sed -n 1p)" = "demo (2.0rc1)" ]
}

@test "what is installed" {
	add_dist demo 1.9.0
	run "$XPIP" index versions --pre demo
	[ "${lines[2]}" = "  INSTALLED: 1.9.0" ]
	[ "${lines[3]}" = "  LATEST:    2.0rc1 (pre-release; install with \`xpip install --pre\`)" ]
	"$XPIP" index versions --json demo | grep -F '"installed_version": "1.9.0"'
}

@test "without an index; for another Python" {
	printf 'bytes' >root/demo-3.0-cp27-none-win32.whl
	[ "$("$XPIP" index versions --no-index --find-links root demo | sed -n 1p)" = "demo (1.11)" ]
	[ "$("$XPIP" index versions --platform win32 --python-version 2.7 --implementation cp --abi none demo | sed -n 1p)" = "demo (3.0)" ]
	[ "$("$XPIP" index versions --no-binary :none: --only-binary :all: demo | sed -n 1p)" = "demo (1.10)" ]
	run "$XPIP" index versions --no-binary demo demo
	[ "$status" -eq 1 ]
}

@test "mistakes" {
	run "$XPIP" index versions absent
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: No matching distribution found for absent" ]
	run "$XPIP" index
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: Need an action (versions) to perform." ]
	run "$XPIP" index versions a b
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: You need to specify exactly one argument" ]
	run "$XPIP" index versions --pre --only-final demo demo
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: --pre cannot be used with --all-releases or --only-final." ]
}
