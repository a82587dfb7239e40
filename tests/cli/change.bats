#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
# Changes of an environment as a whole: killed, concurrent, on several file systems.

load site

setup() {
	make_venv
	export PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME="$PWD/cache"
	mkdir links
	for version in 1.0 2.0; do
		wheel demo "$version" --script 'demo=demo:main' --file "pack/v$version.py=1" \
			--file "space/demo.py=$version" --data "data/share/demo/note=$version"
		wheel other "$version" --requires "demo==$version" --file "space/other.py=$version"
	done
}

wheel() { "$BATS_TEST_DIRNAME/../wheel" links "$@" >/dev/null; }
install() { "$XPIP" install -q --no-index --find-links links "$@"; }

# What is there, byte code and times aside, in one line.
things() { (cd "$VIRTUAL_ENV" && find . -name __pycache__ -prune -o -type f -print0 | sort -z | xargs -0 sha256sum); }

@test "an upgrade that is killed is finished or undone by the next command" {
	install other==1.0
	cp -a "$VIRTUAL_ENV" saved
	old=$(things)
	install -U other
	new=$(things)
	[ "$old" != "$new" ]
	for point in 1 2 3 8 15 21; do
		rm -rf "$VIRTUAL_ENV"
		cp -a saved "$VIRTUAL_ENV"
		run env XPIP_CRASH_AT=$point "$XPIP" install -q --no-index --find-links links -U other
		[ "$status" -eq 137 ]
		[ -n "$(find "$SITE" -maxdepth 1 -name '.xpip-*')" ]
		if [ "$point" -gt 2 ]; then
			run --separate-stderr "$XPIP" list
			[ "$status" -eq 0 ]
			[[ "$stderr" == *"WARNING: A change of this environment was interrupted"* ]]
		fi
		"$XPIP" uninstall -y nothing
		[ -z "$(find "$VIRTUAL_ENV" -name '.xpip-*')" ]
		found=$(things)
		if [ "$point" -gt 2 ]; then [ "$found" = "$new" ]; else [ "$found" = "$old" ]; fi
	done
}

@test "several installs into one environment at once" {
	pids=
	for number in 1 2 3 4; do
		install "other==$((number % 2 + 1)).0" &
		pids="$pids $!"
	done
	for pid in $pids; do wait "$pid"; done
	version=$(cat "$SITE/space/other.py")
	[ "$(cat "$SITE/space/demo.py")" = "$version" ]
	[ "$(cat "$VIRTUAL_ENV/share/demo/note")" = "$version" ]
	[ "$(find "$SITE" -maxdepth 1 -name '*.dist-info' | wc -l)" -eq 2 ]
	[ "$(find "$SITE/pack" -name '*.py')" = "$SITE/pack/v$version.py" ]
}

@test "a folder that is a mount of its own" {
	unshare -rm true || skip "no mounts here"
	install other==1.0
	old=$(things)
	cat >inside <<-'END'
		cp -a "$VIRTUAL_ENV/share" share
		mount -t tmpfs none "$VIRTUAL_ENV/share"
		cp -a share/. "$VIRTUAL_ENV/share"
		"$XPIP" install -q --no-index --find-links links -U other
		[ "$(cat "$VIRTUAL_ENV/share/demo/note")" = 2.0 ]
		[ -z "$(find "$VIRTUAL_ENV" -name '.xpip-*')" ]
		XPIP_CRASH_AT=1 "$XPIP" install -q --no-index --find-links links other==1.0 || true
		[ -n "$(find "$VIRTUAL_ENV/share" -name '.xpip-*')" ]
		"$XPIP" install -q --no-index --find-links links other==1.0
		[ -z "$(find "$VIRTUAL_ENV" -name '.xpip-*')" ]
		cat "$VIRTUAL_ENV/share/demo/note"
	END
	run unshare -rm bash -eu inside
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = 1.0 ]
}

@test "an image's lower layer, whose folders cannot be renamed" {
	install other==1.0
	mkdir upper work merged
	cat >inside <<-'END'
		mount -t overlay none -o "userxattr,lowerdir=venv,upperdir=upper,workdir=work" merged
		VIRTUAL_ENV=$PWD/merged
		export VIRTUAL_ENV
		"$XPIP" install -q --no-index --find-links links -U other
		cat merged/lib/python3*/site-packages/space/*.py merged/share/demo/note
		ls merged/lib/python3*/site-packages/pack
		find merged -name '.xpip-*'
	END
	unshare -rm mount -t overlay none -o "userxattr,lowerdir=venv,upperdir=upper,workdir=work" merged ||
		skip "no overlays here"
	run unshare -rm bash -eu inside
	[ "$status" -eq 0 ]
	[[ "$output" == *"2.02.02.0"*"v2.0.py"* ]]
	[[ "$output" != *".xpip-"* && "$output" != *"v1.0.py"* ]]
}
