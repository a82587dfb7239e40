#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The command line itself: help, version, unknown words, abbreviations, streams, exit status.

setup() {
	export HOME="$BATS_TEST_TMPDIR" XDG_CONFIG_DIRS="$BATS_TEST_TMPDIR/etc" PIP_CONFIG_FILE=/dev/null
	unset XDG_CONFIG_HOME XDG_CACHE_HOME VIRTUAL_ENV NO_COLOR FORCE_COLOR
	for name in $(compgen -e PIP_); do [ "$name" = PIP_CONFIG_FILE ] || unset "$name"; done
	cd "$BATS_TEST_TMPDIR"
}

@test "no arguments, help and --help print the commands" {
	run "$XPIP"
	[ "$status" -eq 0 ]
	[[ "$output" == *"Commands:"*"  config "*"General Options:"*"-V, --version"* ]]
	[ "$output" = "$("$XPIP" help)" ]
	[ "$output" = "$("$XPIP" --help)" ]
}

@test "--version names the version" {
	run "$XPIP" --version
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^xpip\ [0-9.]+\ from\ / ]]
	[ "$output" = "$("$XPIP" -V)" ]
}

@test "every command's help says how it is used" {
	names=$("$XPIP" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	[[ "$names" == *config*help* ]]
	for name in $names; do
		run "$XPIP" "$name" --help
		[ "$status" -eq 0 ]
		[[ "$output" == *"Usage:   "*"xpip $name"*"Description:"*"General Options:"* ]]
		[ "$output" = "$("$XPIP" help "$name")" ]
	done
}

@test "an unknown command is an error with a guess" {
	run "$XPIP" confg
	[ "$status" -eq 1 ]
	[ "$output" = 'ERROR: unknown command "confg" - maybe you meant "config"' ]
	run "$XPIP" zzzzz
	[ "$status" -eq 1 ]
	[ "$output" = 'ERROR: unknown command "zzzzz"' ]
	run "$XPIP" help confg
	[ "$status" -eq 1 ]
	[[ "$output" == *'maybe you meant "config"'* ]]
}

@test "an unknown option shows the usage and ends with 2" {
	run "$XPIP" --nope
	[ "$status" -eq 2 ]
	[[ "$output" == *"xpip <command> [options]"*"no such option: --nope" ]]
	run "$XPIP" cache dir --nope
	[ "$status" -eq 2 ]
	[[ "$output" == *"xpip cache dir"*"no such option: --nope" ]]
}

@test "general options stand before or after the command; long ones may be abbreviated" {
	[ "$("$XPIP" --cache-dir /x/../y cache dir)" = /y ]
	[ "$("$XPIP" cache --cache-d=/y dir)" = /y ]
	run "$XPIP" cache --no-c dir
	[ "$status" -eq 2 ]
	[[ "$output" == *"ambiguous option: --no-c (--no-cache-dir, --no-color?)" ]]
}

@test "--python may stand before or after the command and must exist" {
	run "$XPIP" --python /nonexistent cache dir
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: Could not locate Python interpreter /nonexistent" ]
	run "$XPIP" cache --python /nonexistent dir
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: Could not locate Python interpreter /nonexistent" ]
}

@test "the name under which it is called is the name in its texts" {
	ln -s "$XPIP" pip3
	run ./pip3 cache --nope
	[[ "$output" == *"  pip3 cache dir"* ]]
}

@test "variables: bad words end with 2, bad values with 3" {
	PIP_NO_INPUT=perhaps run "$XPIP" cache dir
	[ "$status" -eq 2 ]
	[[ "$output" == *"perhaps is not a valid value for no-input option"* ]]
	PIP_RETRIES=x run "$XPIP" cache dir
	[ "$status" -eq 3 ]
	[ "$output" = "An error occurred during configuration: option retries: invalid integer value: 'x'" ]
	[ "$(PIP_RETRIES=x "$XPIP" --isolated cache --cache-dir /y dir)" = /y ]
	[ "$(PIP_VERSION=x PIP_HELP=x PIP_UNKNOWN=x PIP_CACHE_DIR=/z "$XPIP" cache dir)" = /z ]
}

@test "--no-cache-dir switches the cache off, in a variable too" {
	run "$XPIP" --no-cache-dir cache dir
	[ "$status" -eq 1 ]
	[[ "$output" == "ERROR: "*"cache is disabled." ]]
	PIP_NO_CACHE_DIR=0 run "$XPIP" cache dir
	[ "$status" -eq 1 ]
	[ "$(PIP_NO_CACHE_DIR=0 "$XPIP" cache dir --cache-dir /y)" = /y ]
}

@test "--log appends with time stamps whatever the level" {
	"$XPIP" -qqq --log sub/x.log cache dir
	"$XPIP" --log sub/x.log cache dir >/dev/null
	[ "$(wc -l <sub/x.log)" -eq 2 ]
	grep -qE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8},[0-9]{3} /' sub/x.log
}

@test "--require-virtualenv: exit 3 outside of one, not asked of commands that only look" {
	run "$XPIP" --require-virtualenv cache dir
	[ "$status" -eq 0 ]
}

@test "output that cannot be written ends with 120" {
	run bash -c '"$0" help >/dev/full' "$XPIP"
	[ "$status" -eq 120 ]
}
