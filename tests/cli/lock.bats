#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# lock, and install from a lock file; dependency groups and scripts.
bats_require_minimum_version 1.5.0
load site
load project

setup()
{
	make_venv
	export XDG_CACHE_HOME=$PWD/cache
	mkdir links
}
wheel() { "$BATS_TEST_DIRNAME/../wheel" links "$@" >/dev/null; }
lock() { "$XPIP" lock --no-index --find-links links "$@"; }
install() { "$XPIP" install --no-index --find-links links "$@"; }
hash() { sha256sum "$1" | cut -d' ' -f1; }

@test "what was resolved is written with hashes, sorted by name" {
	wheel dep 1.5
	wheel demo 1.0 --requires 'dep<2'
	run --separate-stderr lock demo
	[ "$status" -eq 0 ]
	[[ "$stderr" == "WARNING: xpip lock is currently an experimental command."* ]]
	cat >wanted <<-END
		lock-version = "1.0"
		created-by = "xpip"

		[[packages]]
		name = "demo"
		version = "1.0"

		[[packages.wheels]]
		name = "demo-1.0-py3-none-any.whl"
		url = "file://$PWD/links/demo-1.0-py3-none-any.whl"

		[packages.wheels.hashes]
		sha256 = "$(hash links/demo-1.0-py3-none-any.whl)"

		[[packages]]
		name = "dep"
		version = "1.5"

		[[packages.wheels]]
		name = "dep-1.5-py3-none-any.whl"
		url = "file://$PWD/links/dep-1.5-py3-none-any.whl"

		[packages.wheels.hashes]
		sha256 = "$(hash links/dep-1.5-py3-none-any.whl)"
	END
	diff wanted pylock.toml
	run --separate-stderr lock -o - --no-deps demo
	[[ "$output" == *'created-by = "xpip"'* ]]
	[[ "$output" != *dep-1.5* ]]
	run --separate-stderr lock --output other.txt demo
	[[ "$stderr" == *"WARNING: other.txt is not a valid lock file name."* ]]
}

@test "folders and checkouts" {
	make_project demo demo
	make_project repo repo
	git init -q -b main repo
	git -C repo add .
	git -C repo -c user.name=a -c user.email=a@b commit -qm one
	mkdir sub
	run lock -q -o sub/pylock.toml -e ./demo "git+file://$PWD/repo@main"
	[ "$status" -eq 0 ]
	grep -qx 'path = "../demo"' sub/pylock.toml
	grep -qx 'editable = true' sub/pylock.toml
	grep -qx "commit-id = \"$(git -C repo rev-parse HEAD)\"" sub/pylock.toml
	grep -qx "requested-revision = \"main\"" sub/pylock.toml
	run install -r sub/pylock.toml
	[ "$status" -eq 0 ]
	[[ "$output" == *"Successfully installed demo-1.0 repo-1.0" ]]
	grep -q '"editable": true' "$SITE/demo-1.0.dist-info/direct_url.json"
}

@test "a lock file is installed as it says, whatever else there is" {
	wheel dep 1.5
	wheel demo 1.0 --requires dep
	make_project built built
	make_sdist built built 3.0
	sed -i "s/'1.0'/'3.0'/" built/backend.py
	make_sdist built built 3.0
	lock -q demo built
	wheel dep 1.6
	wheel demo 2.0
	run --separate-stderr install -r pylock.toml
	[ "$status" -eq 0 ]
	[[ "$stderr" == "WARNING: Using pylock.toml as a requirements source is an experimental feature."* ]]
	[[ "$output" == *"Successfully installed built-3.0 demo-1.0 dep-1.5" ]]
	[ ! -e "$SITE/demo-1.0.dist-info/direct_url.json" ]
	wheel demo 1.0 --requires dep --script 'x=demo:main'
	run ! install --force-reinstall --no-cache-dir -r pylock.toml
	[[ "$output" == *"THESE PACKAGES DO NOT MATCH THE HASHES"* ]]
}

@test "a lock file that is none, or not for us" {
	printf 'x = \n' >pylock.toml
	run ! install -r pylock.toml
	[[ "$output" == *"ERROR: Invalid pylock file 'pylock.toml': TOML: line 1"* ]]
	printf 'lock-version = "1.0"\ncreated-by = "x"\nrequires-python = "<3"\npackages = []\n' >pylock.toml
	run ! install -r pylock.toml
	[[ "$output" == *"ERROR: Cannot select requirements from pylock file 'pylock.toml': python_full_version "* ]]
	run ! install -r pylock.none.toml
	[[ "$output" == *"No such file or directory: 'pylock.none.toml'"* ]]
}

@test "dependency groups" {
	wheel dep 1.5
	wheel demo 1.0
	printf '[dependency-groups]\ntest = ["dep", {include-group = "more"}]\nmore = ["demo<2"]\nloop = [{include-group = "loop"}]\n' >pyproject.toml
	run install --dry-run --group test
	[[ "$output" == *"Would install demo-1.0 dep-1.5" ]]
	mkdir sub && mv pyproject.toml sub
	run install --dry-run --group sub/pyproject.toml:More
	[[ "$output" == *"Would install demo-1.0" ]]
	run ! install --group sub/pyproject.toml:loop
	[[ "$output" == *"ERROR: [dependency-groups] resolution failed for 'loop' from 'sub/pyproject.toml': Cyclic dependency group include while resolving loop: loop includes itself" ]]
	run ! install --group test
	[[ "$output" == *"ERROR: pyproject.toml not found. Cannot resolve '--group' option." ]]
	run -2 install --group sub/other.toml:more
	[[ "$output" == *"group paths use 'pyproject.toml' filenames"* ]]
}

@test "the requirements of a script" {
	wheel dep 1.5
	printf '# /// script\n# requires-python = ">=3"\n# dependencies = ["dep"]\n# ///\n' >s.py
	run install --dry-run --requirements-from-script s.py
	[[ "$output" == *"Would install dep-1.5" ]]
	sed -i 's/>=3/<3/' s.py
	run ! install --requirements-from-script s.py
	[[ "$output" == *"ERROR: Script 's.py' requires a different Python: "*" not in '<3'" ]]
	run install --dry-run --ignore-requires-python --requirements-from-script s.py
	[ "$status" -eq 0 ]
	run ! install --requirements-from-script s.py --requirements-from-script s.py
	[[ "$output" == *"ERROR: --requirements-from-script can only be given once" ]]
	printf 'pass\n' >s.py
	run ! install --requirements-from-script s.py
	[[ "$output" == *"ERROR: File does not contain 'script' metadata: 's.py'" ]]
}
