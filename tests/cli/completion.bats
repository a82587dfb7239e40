#!/usr/bin/env bats
# SPDX-License-Identifier: MIT

complete() { # WORDS INDEX
	COMP_WORDS="$1" COMP_CWORD="$2" PIP_AUTO_COMPLETE=1 "$XPIP"
}

@test "commands, options and values are completed" {
	run complete "xpip conf" 1
	[ "$status" -eq 1 ]
	[ "$output" = config ]
	run complete "xpip cache --for" 2
	[ "$output" = "--format=" ]
	run complete "xpip --isol" 1
	[ "$output" = "--isolated" ]
	run complete "xpip cache --isolated --isol" 3
	[ -z "$output" ]
	mkdir -p "$BATS_TEST_TMPDIR/dir" && touch "$BATS_TEST_TMPDIR/file"
	run complete "xpip cache --log $BATS_TEST_TMPDIR/" 3
	[ "$output" = "$BATS_TEST_TMPDIR/dir/
$BATS_TEST_TMPDIR/file" ]
	run complete "xpip cache --cache-dir $BATS_TEST_TMPDIR/" 3
	[ "$output" = "$BATS_TEST_TMPDIR/dir/" ]
}

@test "actions of commands, once" {
	[ "$(complete "xpip cache pu" 2)" = purge ]
	[ "$(complete "xpip config se" 2)" = set ]
	[ "$(complete "xpip index v" 2)" = versions ]
	[ -z "$(complete "xpip cache remove re" 3)" ]
}

@test "bash loads its script and completes with it" {
	ln -sf "$XPIP" "$BATS_TEST_TMPDIR/xpip"
	PATH="$BATS_TEST_TMPDIR:$PATH" run bash -c 'eval "$(xpip completion --bash)"
		COMP_WORDS=(xpip compl) COMP_CWORD=1; _xpip_words xpip; echo "${COMPREPLY[@]}"'
	[ "$output" = completion ]
}

@test "a shell must be named" {
	run "$XPIP" completion
	[ "$status" -eq 0 ]
	[ "$output" = "ERROR: You must pass --bash or --fish or --powershell or --zsh" ]
	for shell in zsh fish powershell; do
		[[ "$("$XPIP" completion --$shell)" == *"completion start"*"completion end"* ]]
	done
}
