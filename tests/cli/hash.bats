#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

setup() {
	cd "$BATS_TEST_TMPDIR"
	printf hello >a
	: >b
}

@test "digests in the form of requirements files" {
	run "$XPIP" hash a b
	[ "$status" -eq 0 ]
	[ "$output" = "a:
--hash=sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
b:
--hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" ]
	[ "$("$XPIP" hash -a sha512 a)" = "a:
--hash=sha512:$(sha512sum a | cut -d' ' -f1)" ]
	[ "$("$XPIP" hash --algo=sha384 a)" = "a:
--hash=sha384:$(sha384sum a | cut -d' ' -f1)" ]
}

@test "mistakes are told" {
	run "$XPIP" hash -a md5 a
	[ "$status" -eq 2 ]
	[[ "$output" == *"option -a: invalid choice: 'md5' (choose from 'sha256', 'sha384', 'sha512')" ]]
	run "$XPIP" hash
	[ "$status" -eq 1 ]
	[[ "$output" == *"xpip hash [options] <file> ..."* ]]
	run "$XPIP" hash missing
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: [Errno 2] No such file or directory: 'missing'" ]
}
