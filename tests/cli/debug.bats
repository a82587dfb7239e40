#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# xpip debug: facts for a bug report.

bats_require_minimum_version 1.5.0
load site

setup() {
	make_venv
}

@test "interpreter, encodings and tags" {
	run --separate-stderr "$XPIP" debug
	[ "$status" -eq 0 ]
	[[ "$stderr" = "WARNING: This command is only meant for debugging. "* ]]
	[ "${lines[2]}" = "sys.executable: $VIRTUAL_ENV/bin/python" ]
	[ "${lines[3]}" = "sys.prefix: $VIRTUAL_ENV" ]
	[ "${lines[4]}" = "sys.getdefaultencoding: utf-8" ]
	grep -x "sys.platform: $(python3 -c 'import sys; print(sys.platform)')" <<<"$output"
	grep -x "  \[First 10 tags shown. Pass --verbose to show all.\]" <<<"$output"
}

@test "the target's options" {
	run --separate-stderr "$XPIP" debug --platform win32 --python-version 3.7 --abi none --implementation cp
	grep -x "Compatible tags: .* (target: platforms=\['win32'\] version_info='3.7' abis=\['none'\] implementation='cp')" <<<"$output"
	grep -x "  cp37-none-win32" <<<"$output"
}
