#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# xpip inspect: an environment as JSON.

load site

setup() {
	make_venv
	add_dist Alpha 1.0 'Keywords: a, b c' 'Classifier: X' 'Classifier: Y' 'Summary: Täxt'
	touch "$SITE/Alpha-1.0.dist-info/REQUESTED"
	add_editable beta 2.0 /b
}

query() {
	"$XPIP" inspect | python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"
}

@test "the report" {
	[ "$(query 'sorted(d)')" = "['environment', 'installed', 'pip_version', 'version']" ]
	[ "$(query 'd["version"]')" = 1 ]
	[ "$(query '[i["metadata"]["name"] for i in d["installed"]]')" = "['Alpha', 'beta']" ]
	[ "$(query 'd["environment"]["sys_platform"]')" = "$(python3 -c 'import sys; print(sys.platform)')" ]
	[ "$(query 'len(d["environment"])')" = 11 ]
}

@test "what is told of a distribution" {
	[ "$(query 'd["installed"][0]["metadata"]')" = \
		"{'metadata_version': '2.1', 'name': 'Alpha', 'version': '1.0', 'summary': 'Täxt', 'keywords': ['a', 'b c'], 'classifier': ['X', 'Y'], 'description': 'The text.\\n'}" ]
	[ "$(query 'd["installed"][0]["metadata_location"]')" = "$SITE/Alpha-1.0.dist-info" ]
	[ "$(query '[(i["installer"], i["requested"], i.get("direct_url")) for i in d["installed"]]')" = \
		"[('xpip', True, None), ('xpip', False, {'url': 'file:///b', 'dir_info': {'editable': True}})]" ]
}

@test "egg-links get a made-up direct_url; --path" {
	add_link gamma 3 "$BATS_TEST_TMPDIR/gamma"
	[ "$(query 'd["installed"][2]["direct_url"]')" = "{'url': 'file://$BATS_TEST_TMPDIR/gamma', 'dir_info': {'editable': True}}" ]
	[ "$(query '"requested" in d["installed"][2]')" = False ]
	mkdir none
	"$XPIP" inspect --path none --quiet | grep -F '"installed": []'
	run "$XPIP" inspect --path none --user
	[ "$status" -eq 1 ]
	run "$XPIP" inspect --local
	[ "$status" -eq 0 ]
}
