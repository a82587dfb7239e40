#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is no wheel: folders, sdists, checkouts, editables.
bats_require_minimum_version 1.5.0
load site
load project
load server

setup()
{
	make_venv
	export XDG_CACHE_HOME=$PWD/cache TMPDIR=$PWD/tmp
	mkdir tmp
}
teardown() { stop_server; [ -z "$(ls tmp)" ]; } # nothing is left in the temporary folder

install() { "$XPIP" install --no-index --find-links links "$@"; }
venv_python() { "$VIRTUAL_ENV/bin/python" "$@"; }

@test "a folder is built and installed" {
	make_project demo demo
	mkdir links
	run --separate-stderr install ./demo
	[ "$status" -eq 0 ]
	expected=$'Processing ./demo\n'
	expected+=$'  Getting requirements to build wheel: started\n'
	expected+=$'  Getting requirements to build wheel: finished with status \'done\'\n'
	expected+=$'  Preparing metadata (pyproject.toml): started\n'
	expected+=$'  Preparing metadata (pyproject.toml): finished with status \'done\'\n'
	expected+=$'Building wheels for collected packages: demo\n'
	expected+=$'  Building wheel for demo (pyproject.toml): started\n'
	expected+=$'  Building wheel for demo (pyproject.toml): finished with status \'done\'\n'
	expected+=$'  Created wheel for demo: filename=demo-1.0-py3-none-any.whl size='
	[[ "$output" == *"$expected"* ]]
	[[ "$output" == *$'\nSuccessfully built demo\nInstalling collected packages: demo\nSuccessfully installed demo-1.0' ]]
	[ -z "$stderr" ]
	[ "$(cat "$SITE/demo-1.0.dist-info/direct_url.json")" = \
		"{\"dir_info\": {}, \"url\": \"file://$PWD/demo\"}" ]
	[ "$(venv_python -c 'import demo; print(demo.settings)')" = None ]
}

@test "settings reach the back end; a key given twice is a list" {
	make_project demo demo
	install -q -C a=1 --config-settings=b=x -C a=2 ./demo
	[ "$(venv_python -c 'import demo; print(demo.settings)')" = "{'a': ['1', '2'], 'b': 'x'}" ]
}

@test "an editable" {
	make_project demo demo
	run install -e ./demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Obtaining file://$PWD/demo"* ]]
	[[ "$output" == *"Preparing editable metadata"* || "$output" == *"Building editable for demo (pyproject.toml): started"* ]]
	[ "$(venv_python -c 'import demo; print(demo.__file__)')" = "$PWD/demo/demo.py" ]
	[ "$(cat "$SITE/demo-1.0.dist-info/direct_url.json")" = \
		"{\"dir_info\": {\"editable\": true}, \"url\": \"file://$PWD/demo\"}" ]
}

@test "an editable needs the hook" {
	make_project demo demo
	sed -i '/def build_editable/,$d' demo/backend.py
	run ! install -e ./demo
	[[ "$output" == *"ERROR: Project file://$PWD/demo uses a build backend that is missing the 'build_editable' hook, so it cannot be installed in editable mode."* ]]
}

@test "an sdist of an index is built once and kept" {
	make_project demo demo
	make_sdist demo demo 1.0
	run install demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Successfully built demo"*"Successfully installed demo-1.0" ]]
	[ ! -e "$SITE/demo-1.0.dist-info/direct_url.json" ]
	[ "$(find cache -name 'demo-1.0-py3-none-any.whl' | wc -l)" -eq 1 ]
	run install --force-reinstall demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Using cached demo-1.0-py3-none-any.whl"* ]]
	[[ "$output" != *"Building wheel"* ]]
	run install --force-reinstall --no-cache-dir demo
	[[ "$output" == *"Building wheel for demo"* ]]
}

@test "an sdist by its path" {
	make_project demo demo
	make_sdist demo demo 1.0
	install -q links/demo-1.0.tar.gz
	sum=$(sha256sum links/demo-1.0.tar.gz | cut -d' ' -f1)
	[ "$(cat "$SITE/demo-1.0.dist-info/direct_url.json")" = \
		"{\"archive_info\": {\"hash\": \"sha256=$sum\", \"hashes\": {\"sha256\": \"$sum\"}}, \"url\": \"file://$PWD/links/demo-1.0.tar.gz\"}" ]
}

@test "a build that fails: its output, exit 1, nothing installed" {
	make_project demo demo
	make_project other other
	BACKEND_FAILS=1 BACKEND_SAYS='some words' run --separate-stderr install ./demo ./other
	[ "$status" -eq 1 ]
	[[ "$output" == *$'Building wheel for demo (pyproject.toml): finished with status \'error\'\n'* ]]
	[[ "$output" == *$'\nFailed to build demo other' ]]
	[[ "$stderr" == *$'  error: subprocess-exited-with-error\n'* ]]
	[[ "$stderr" == *$'  × Building wheel for demo (pyproject.toml) did not run successfully.\n  │ exit code: 1\n  ╰─> [2 lines of output]\n      some words\n      it failed\n      [end of output]\n'* ]]
	[[ "$stderr" == *$'  ERROR: Failed building wheel for demo\n'* ]]
	[[ "$stderr" == *$'error: failed-wheel-build-for-install\n\n× Failed to build installable wheels for some pyproject.toml based projects\n╰─> demo, other' ]]
	[ -z "$(ls "$SITE" | grep demo)" ]
}

@test "with -v the output of the back end is shown as it comes" {
	make_project demo demo
	BACKEND_SAYS='some words' run --separate-stderr install -v ./demo
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"some words"* ]]
	[[ "$output" != *"some words"* ]]
}

@test "what pip says of a bad pyproject.toml" {
	make_project demo demo
	printf '[build-system]\n' >demo/pyproject.toml
	run ! install ./demo
	[[ "$output" == *"error: missing-pyproject-build-system-requires"* ]]
	[[ "$output" == *$'× Can not process file://'"$PWD"$'/demo\n╰─> This package has an invalid pyproject.toml file.\n    The [build-system] table is missing the mandatory `requires` key.'* ]]
	printf '[build-system]\nrequires = ["a b"]\n' >demo/pyproject.toml
	run ! install ./demo
	[[ "$output" == *"It contains an invalid requirement: 'a b'"* ]]
	mkdir empty
	run ! install ./empty
	[[ "$output" == *"is not installable. Neither 'setup.py' nor 'pyproject.toml' found."* ]]
}

@test "build requirements are installed for the build only, constraints apply" {
	make_project demo demo
	mkdir links
	"$BATS_TEST_DIRNAME/../wheel" links helper 1.0 >/dev/null
	"$BATS_TEST_DIRNAME/../wheel" links helper 2.0 >/dev/null
	sed -i 's/requires = \[\]/requires = ["helper"]/' demo/pyproject.toml
	printf 'import helper\nimport importlib.metadata\nprint("helper", importlib.metadata.version("helper"))\n' >>demo/backend.py
	run install -v ./demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Installing build dependencies: started"* ]]
	[[ "$output" == *"helper 2.0"* ]]
	[ ! -e "$SITE/helper-2.0.dist-info" ]
	printf 'helper<2\n' >c.txt
	run install -v --build-constraint c.txt --force-reinstall ./demo
	[[ "$output" == *"helper 1.0"* ]]
	run ! install --build-constraint c.txt --no-build-isolation ./demo
	[[ "$output" == *"--build-constraint cannot be used with --no-build-isolation."* ]]
	run ! install --no-build-isolation ./demo
	[[ "$output" == *"Getting requirements"* || "$output" == *"Preparing metadata"* ]]
	run ! install --no-build-isolation --check-build-dependencies ./demo
	[[ "$output" == *"Some build dependencies for file://$PWD/demo are missing: 'helper'."* ]]
	sed -i 's/"helper"/"absent"/' demo/pyproject.toml
	run ! install ./demo
	[[ "$output" == *"error: failed-build-dependency-install"* ]]
	[[ "$output" == *"ERROR: Failed to build 'file://$PWD/demo' when installing build dependencies"* ]]
}

@test "a checkout, an editable one in --src" {
	make_project repo demo
	git init -q -b main repo
	git -C repo add .
	git -C repo -c user.name=a -c user.email=a@b commit -qm one
	commit=$(git -C repo rev-parse HEAD)
	run install "git+file://$PWD/repo@main"
	[ "$status" -eq 0 ]
	[[ "$output" == *"Cloning file://$PWD/repo (to revision main) to "* ]]
	[[ "$output" == *"Resolved file://$PWD/repo to commit $commit"* ]]
	[ "$(cat "$SITE/demo-1.0.dist-info/direct_url.json")" = \
		"{\"url\": \"file://$PWD/repo\", \"vcs_info\": {\"commit_id\": \"$commit\", \"requested_revision\": \"main\", \"vcs\": \"git\"}}" ]
	run install --src there -e "git+file://$PWD/repo#egg=demo"
	[ "$status" -eq 0 ]
	[ -e there/demo/.git ]
	[ "$(venv_python -c 'import demo; print(demo.__file__)')" = "$PWD/there/demo/demo.py" ]
	run install --src there -e "git+file://$PWD/repo@$commit#egg=demo"
	[[ "$output" == *"Skipping because already up-to-date."* ]]
	mv repo other
	run ! install --src there --no-input -e "git+file://$PWD/other#egg=demo"
	[[ "$output" == *"exists with URL file://$PWD/repo"* ]]
	[[ "$output" == *"say what to do with it by --exists-action"* ]]
	run install --src there --exists-action b -e "git+file://$PWD/other#egg=demo"
	[ "$status" -eq 0 ]
	[ -e there/demo.bak/.git ]
}

@test "hostile archives are refused before anything is built" {
	make_project demo demo
	mkdir links
	tar -czPf links/demo-1.0.tar.gz --transform 's,demo/demo.py,demo/../../escaped,' demo
	run ! install links/demo-1.0.tar.gz
	[[ "$output" == *"would be extracted outside the destination"* ]]
	ln -s ../../.. demo/out
	tar -czf links/demo-1.0.tar.gz demo
	run ! install links/demo-1.0.tar.gz
	[[ "$output" == *"which is outside the destination"* ]]
	[ -z "$(find . -name escaped)" ]
}

@test "an sdist whose own metadata is final is not built to be looked at" {
	mkdir links
	"$BATS_TEST_DIRNAME/../wheel" links dep 1.0 >/dev/null
	path=$("$BATS_TEST_DIRNAME/../wheel" links demo 1.0 --requires dep --sdist)
	run install --dry-run demo
	[[ "$output" == *"Preparing metadata"*"Would install demo-1.0 dep-1.0" ]]
	mkdir open
	tar xzf "$path" -C open
	sed -i 's/^Metadata-Version: .*/Metadata-Version: 2.2/' open/demo-1.0/PKG-INFO
	tar czf "$path" -C open demo-1.0
	run install --dry-run demo
	[[ "$output" != *"Preparing metadata"* ]]
	[[ "$output" == *"Would install demo-1.0 dep-1.0" ]]
	sed -i 's/^Metadata-Version: .*/&\nDynamic: requires-dist/' open/demo-1.0/PKG-INFO
	tar czf "$path" -C open demo-1.0
	run install --dry-run demo
	[[ "$output" == *"Preparing metadata"*"Would install demo-1.0 dep-1.0" ]]
	sed -i '/^Dynamic/d' open/demo-1.0/PKG-INFO
	tar czf "$path" -C open demo-1.0
	run install demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Preparing metadata"*"Building wheels"*"Successfully installed demo-1.0 dep-1.0" ]]
}

@test "a wheel for another platform stands in for an sdist until that is built" {
	mkdir files
	"$BATS_TEST_DIRNAME/../wheel" files dep 1.0 >/dev/null
	"$BATS_TEST_DIRNAME/../wheel" files other 1.0 >/dev/null
	"$BATS_TEST_DIRNAME/../wheel" files demo 1.0 --requires dep --sdist >/dev/null
	"$BATS_TEST_DIRNAME/../wheel" files demo 1.0 --requires other --tag cp27-cp27m-win32 >/dev/null
	start_server --root files
	index() { "$XPIP" install --index-url "$SERVER/+no658/simple/" "$@"; }
	run index --dry-run demo
	[[ "$output" != *"Preparing metadata"* ]]
	[[ "$output" == *"Would install demo-1.0 other-1.0" ]]
	run index --dry-run --no-binary demo demo
	[[ "$output" == *"Preparing metadata"*"Would install demo-1.0 dep-1.0" ]]
	run index demo
	stop_server
	[ "$status" -eq 0 ]
	[[ "$output" == *"Successfully installed demo-1.0 dep-1.0" ]]
}
