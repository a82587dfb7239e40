#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

@test "the manual's examples work, one after the other" {
	cd "$BATS_TEST_TMPDIR"
	export HOME=$PWD/home XDG_CACHE_HOME=$PWD/cache PIP_FIND_LINKS=$PWD/links PIP_NO_INDEX=1
	unset PIP_CONFIG_FILE
	python3 -m venv --without-pip env
	export VIRTUAL_ENV=$PWD/env
	"$BATS_TEST_DIRNAME/../wheel" links dep 1.0
	"$BATS_TEST_DIRNAME/../wheel" links demo 1.0 --requires dep
	echo demo >requirements.txt
	mkdir bin
	ln -s "$XPIP" bin/xpip
	export PATH="$PWD/bin:$PATH"
	mapfile -t examples < <(sed -n 's/^\.Dl \$ //p' "$BATS_TEST_DIRNAME/../../man/xpip.1")
	[ "${#examples[@]}" -ge 8 ]
	for example in "${examples[@]}"; do
		echo "\$ $example"
		bash -euc "$example"
	done
	grep -qx 'demo==1.0' frozen.txt
	[ -e vendor/demo.py ] && [ -e wheels/dep-1.0-py3-none-any.whl ]
	grep -q packages.example.com env/pip.conf
}
