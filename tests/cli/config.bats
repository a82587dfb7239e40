#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# xpip config: files, precedence, changes.

setup() {
	export HOME="$BATS_TEST_TMPDIR" XDG_CONFIG_DIRS="$BATS_TEST_TMPDIR/etc" VIRTUAL_ENV="$BATS_TEST_TMPDIR/venv"
	unset XDG_CONFIG_HOME XDG_CACHE_HOME
	for name in $(compgen -e PIP_); do unset "$name"; done
	mkdir -p "$HOME/etc/pip" "$HOME/.config/pip" "$VIRTUAL_ENV"
	user="$HOME/.config/pip/pip.conf" site="$VIRTUAL_ENV/pip.conf" global="$HOME/etc/pip/pip.conf"
	cd "$HOME"
}

@test "later kinds of files win, variables win over files" {
	printf '[global]\ncache-dir = /global\n' >"$global"
	[ "$("$XPIP" cache dir)" = /global ]
	printf '[global]\ncache_dir = /user\n' >"$user"
	[ "$("$XPIP" cache dir)" = /user ]
	printf '[global]\ncache-dir = /site\n' >"$site"
	[ "$("$XPIP" cache dir)" = /site ]
	printf '[cache]\ncache-dir = /section\n' >"$global"
	[ "$("$XPIP" cache dir)" = /section ]
	[ "$(PIP_CACHE_DIR=/variable "$XPIP" cache dir)" = /variable ]
	[ "$(PIP_CACHE_DIR=/variable "$XPIP" cache dir --cache-dir /line)" = /line ]
	[ "$(PIP_CACHE_DIR=/variable "$XPIP" --isolated cache dir)" = /section ]
}

@test "PIP_CONFIG_FILE replaces the user's files; /dev/null means none" {
	printf '[global]\ncache-dir = /user\n' >"$user"
	printf '[global]\ncache-dir = /named\n' >named
	[ "$(PIP_CONFIG_FILE=named "$XPIP" cache dir)" = /named ]
	[ "$(PIP_CONFIG_FILE=/dev/null "$XPIP" cache dir)" = "$HOME/.cache/pip" ]
}

@test "set, get, unset in the user's file, then in the environment's" {
	run "$XPIP" config set install.no_deps yes
	[ "$status" -eq 0 ]
	[ "$output" = "Writing to $user" ]
	[ "$(cat "$user")" = $'[install]\nno-deps = yes' ]
	[ "$("$XPIP" config get install.no-deps)" = yes ]
	touch "$site"
	"$XPIP" config set global.timeout 5
	[ "$(cat "$site")" = $'[global]\ntimeout = 5' ]
	list=$("$XPIP" config list) # the machine may have an /etc/pip.conf
	[ "$(grep -E 'no-deps|timeout' <<<"$list")" = "install.no-deps='yes'
global.timeout='5'" ]
	"$XPIP" config --user unset install.no-deps
	[ ! -s "$user" ]
	run "$XPIP" config unset global.nothing
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: No such key - global.nothing" ]
}

@test "a change goes through a symbolic link" {
	printf '[a]\nb = c\n' >real
	ln -s "$HOME/real" "$user"
	"$XPIP" config set a.d e
	[ -L "$user" ]
	grep -q '^d = e$' "$HOME/real"
}

@test "edit starts the editor on the file" {
	mkdir -p "$HOME/.config/pip"
	run "$XPIP" config --editor "echo edits" edit
	[ "$status" -eq 0 ]
	[ "$output" = "edits $user" ]
	run "$XPIP" config --editor "exit 7;" edit
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: Editor Subprocess exited with exit code 7" ]
}

@test "list and debug show variables as pip does" {
	export PIP_RETRIES=3 "PIP_PROXY=it's"
	run "$XPIP" config --user list
	[ "$output" = ":env:.proxy=\"it's\"
:env:.retries='3'" ]
	printf '[x]\ny = 1\n  2\n' >"$user"
	run "$XPIP" config debug
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "env_var:" ]
	[ "${lines[1]}" = "  PIP_PROXY=\"it's\"" ]
	[[ "$output" == *$'\nuser:\n  '"$HOME/.pip/pip.conf, exists: False"* ]]
	[[ "$output" == *"  $user, exists: True"$'\n    x.y: 1\n    2' ]]
}

@test "mistakes are told" {
	run "$XPIP" config --user --global list
	[ "$status" -eq 1 ]
	[[ "$output" == *"Need exactly one file to operate upon (--user, --site, --global) to perform." ]]
	run "$XPIP" config
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: Need an action (debug, edit, get, list, set, unset) to perform." ]
	run "$XPIP" config get timeout
	[ "$output" = "ERROR: Key does not contain dot separated section and key. Perhaps you wanted to use 'global.timeout' instead?" ]
	run "$XPIP" config set a.b
	[[ "$output" == "ERROR: Got unexpected number of arguments, expected 2."* ]]
	run "$XPIP" config --user --site set a.b c
	[[ "$output" == "ERROR: Need exactly one file to operate upon"* ]]
	printf 'x = 1\n' >"$user"
	run "$XPIP" cache dir
	[ "$status" -eq 2 ]
	[ "${lines[0]}" = "Configuration file could not be loaded." ]
	[ "${lines[1]}" = "File contains no section headers." ]
}
