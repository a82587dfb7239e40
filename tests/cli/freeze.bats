#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# xpip freeze: requirements of what is installed.

bats_require_minimum_version 1.5.0
load site

setup() {
	make_venv
	add_dist beta 2.0
	add_dist Alpha 1.0.0
}

# direct_url NAME VERSION JSON
direct_url() {
	add_dist "$1" "$2"
	echo "$3" >"$SITE/$1-$2.dist-info/direct_url.json"
}

@test "sorted by name; tools left out unless --all" {
	add_dist pip 30
	[ "$("$XPIP" freeze)" = "Alpha==1.0.0
beta==2.0" ]
	"$XPIP" freeze --all | grep -x pip==30
	[ "$("$XPIP" freeze --exclude ALPHA)" = beta==2.0 ]
	[ "$("$XPIP" freeze -q --exclude beta)" = Alpha==1.0.0 ]
	add_dist odd 1-odd
	"$XPIP" freeze | grep -x odd===1-odd
}

@test "direct URLs" {
	direct_url a 1 '{"url": "https://h/a.zip", "archive_info": {"hashes": {"sha256": "ab"}}, "subdirectory": "s"}'
	direct_url g 1 '{"url": "https://h/g", "vcs_info": {"vcs": "git", "requested_revision": "m", "commit_id": "c0ffee"}}'
	direct_url l 1 '{"url": "file:///l", "dir_info": {}}'
	direct_url w 1 '{"url": 1}'
	run --separate-stderr "$XPIP" freeze --exclude alpha --exclude beta
	[ "$output" = "a @ https://h/a.zip#sha256=ab&subdirectory=s
g @ git+https://h/g@c0ffee
l @ file:///l
w==1" ]
	[[ "$stderr" = "WARNING: Error parsing direct_url.json for w: "* ]]
}

@test "editables: plain folders and checkouts" {
	command -v git || skip
	export GIT_CONFIG_NOSYSTEM=1
	mkdir plain && touch plain/setup.py
	git init -q repo && touch repo/setup.py
	git -C repo add . && git -C repo -c user.name=n -c user.email=e@x commit -qm first
	add_editable my-edit 1.0 "$PWD/plain"
	run "$XPIP" freeze --exclude alpha --exclude beta
	[ "$output" = "# Editable install with no version control (my-edit==1.0)
-e $PWD/plain" ]
	add_editable my-edit 1.0 "$PWD/repo"
	run "$XPIP" freeze --exclude alpha --exclude beta
	[ "$output" = "# Editable Git install with no remote (my-edit==1.0)
-e $PWD/repo" ]
	git -C repo remote add origin nowhere
	run "$XPIP" freeze --exclude alpha --exclude beta
	[ "$output" = "# Editable Git install (my-edit==1.0) with either a deleted local remote or invalid URI:
# 'nowhere'
-e $PWD/repo" ]
	git -C repo remote set-url origin https://h/r.git
	run "$XPIP" freeze --exclude alpha --exclude beta
	[ "$output" = "-e git+https://h/r.git@$(git -C repo rev-parse HEAD)#egg=my_edit" ]
	[ "$("$XPIP" freeze --exclude-editable)" = "Alpha==1.0.0
beta==2.0" ]
}

@test "-r keeps order, comments and options of files" {
	printf '# head\n--index-url http://h/\nbeta>1 # why\n\nabsent==3\n-f links\nbeta\n./\n' >r.txt
	printf -- '-f links\nbeta\n' >s.txt
	mkdir -p "$BATS_TEST_TMPDIR" && touch setup.py
	run --separate-stderr "$XPIP" freeze -r r.txt -r s.txt
	[ "$status" -eq 0 ]
	[ "$output" = "# head
--index-url http://h/
beta==2.0

-f links
Skipping line in requirement file [r.txt] because it's not clear what it would install: ./
  (add #egg=PackageName to the URL to avoid this warning)
## The following requirements were added by pip freeze:
Alpha==1.0.0" ]
	[ "$stderr" = "WARNING: Requirement file [r.txt] contains absent==3, but package 'absent' is not installed
WARNING: Requirement beta included multiple times [r.txt, s.txt]" ]
}
