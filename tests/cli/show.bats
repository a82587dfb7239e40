#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# xpip show: metadata of installed distributions.

bats_require_minimum_version 1.5.0
load site

setup() {
	make_venv
	add_dist Alpha 1.0 'Summary: First' 'Home-page: https://a/' 'Author: A. Uthor' \
		'Author-email: a@x' 'License: MIT' 'Classifier: One' 'Project-URL: Code, https://c/' \
		'Requires-Dist: beta' 'Requires-Dist: Gamma; python_version < "3"' \
		'Requires-Dist: Delta; extra == "x"' 'Requires-Dist: beta>=1'
	add_dist beta 2.0
}

@test "one package, two packages" {
	run "$XPIP" show alpha
	[ "$status" -eq 0 ]
	[ "$output" = "Name: Alpha
Version: 1.0
Summary: First
Home-page: https://a/
Author: A. Uthor
Author-email: a@x
License: MIT
Location: $SITE
Requires: beta
Required-by: " ]
	run "$XPIP" show alpha BETA
	[ "${lines[10]}" = --- ]
	[ "${lines[11]}" = "Name: beta" ]
	[ "${lines[20]}" = "Required-by: Alpha" ]
}

@test "-v and --files" {
	printf '[console_scripts]\na = b:c\n' >"$SITE/Alpha-1.0.dist-info/entry_points.txt"
	printf 'b.py,,\nsub//a.py,,\n../../../bin/a,,\n' >>"$SITE/Alpha-1.0.dist-info/RECORD"
	run "$XPIP" show --verbose --files alpha
	[ "$(printf '%s\n' "${lines[@]:10}")" = "Metadata-Version: 2.1
Installer: xpip
Classifiers:
  One
Entry-points:
  [console_scripts]
  a = b:c
Project-URLs:
  Code, https://c/
Files:
  ../../../bin/a
  Alpha-1.0.dist-info/METADATA
  Alpha-1.0.dist-info/RECORD
  b.py
  sub/a.py" ]
	rm "$SITE/beta-2.0.dist-info/RECORD"
	"$XPIP" show -f beta | grep -x "Cannot locate RECORD or installed-files.txt"
}

@test "an egg-info's installed-files.txt" {
	mkdir "$SITE/egg.egg-info"
	printf 'Metadata-Version: 1.0\nName: egg\nVersion: 1\n' >"$SITE/egg.egg-info/PKG-INFO"
	printf '../egg.py\nPKG-INFO\n../../../../bin/egg\n' >"$SITE/egg.egg-info/installed-files.txt"
	run "$XPIP" show -f egg
	[ "${lines[11]}" = "  ../../../bin/egg" ]
	[ "${lines[12]}" = "  egg.egg-info/PKG-INFO" ]
	[ "${lines[13]}" = "  egg.py" ]
}

@test "where newer metadata puts things" {
	add_dist newer 1 'License-Expression: BSD-2-Clause' 'Project-URL: Home Page!, https://h/'
	sed -i 's/^Metadata-Version: .*/Metadata-Version: 2.4/' "$SITE/newer-1.dist-info/METADATA"
	"$XPIP" show newer | grep -x "License-Expression: BSD-2-Clause"
	"$XPIP" show newer | grep -x "Home-page: https://h/"
	add_editable edited 1 /src/edited
	"$XPIP" show edited | grep -x "Editable project location: /src/edited"
}

@test "requirements that cannot be parsed" {
	add_dist bad 1 'Requires-Dist: b a d' 'Requires-Dist: also'
	"$XPIP" show bad | grep -x "Requires: also, b a d"
	"$XPIP" show beta | grep -x "Required-by: #N/A"
}

@test "names that are missing" {
	run --separate-stderr "$XPIP" show zeta nothing
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ "$stderr" = "WARNING: Package(s) not found: nothing, zeta" ]
	run --separate-stderr "$XPIP" show zeta beta
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "Name: beta" ]
	run "$XPIP" show
	[ "$status" -eq 1 ]
	[ "$output" = "WARNING: ERROR: Please provide a package name or names." ]
}
