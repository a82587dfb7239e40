#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load site
load project

setup()
{
	make_venv
	export XDG_CACHE_HOME=$PWD/cache TMPDIR=$PWD/tmp
	mkdir tmp links
}
teardown() { [ -z "$(ls tmp)" ]; }
wheel() { "$XPIP" wheel --no-index --find-links links "$@"; }

@test "wheels are copied, the rest is built" {
	"$BATS_TEST_DIRNAME/../wheel" links dep 1.5 >/dev/null
	make_project demo demo 1.0 dep
	make_project other other
	make_sdist other other 1.0
	run wheel --wheel-dir out ./demo other
	[ "$status" -eq 0 ]
	[ "$(ls out | tr '\n' ' ')" = "demo-1.0-py3-none-any.whl dep-1.5-py3-none-any.whl other-1.0-py3-none-any.whl " ]
	[[ "$output" == *"Saved ./out/dep-1.5-py3-none-any.whl"* ]]
	[[ "$output" == *"Building wheels for collected packages: demo, other"* ]]
	[[ "$output" == *"Successfully built demo other" ]]
	[ -z "$(ls "$SITE" | grep demo)" ]
	cmp links/dep-1.5-py3-none-any.whl out/dep-1.5-py3-none-any.whl
	run wheel -w again --no-deps other
	[[ "$output" == *"Saved ./again/other-1.0-py3-none-any.whl"* ]]
	run wheel -w third "links/dep-1.5-py3-none-any.whl"
	[ "$status" -eq 0 ]
	cmp links/dep-1.5-py3-none-any.whl third/dep-1.5-py3-none-any.whl
}

@test "an editable becomes an ordinary wheel" {
	make_project demo demo
	wheel -q -w out -e ./demo
	[[ "$(python3 -m zipfile -l out/demo-1.0-py3-none-any.whl)" == *demo.py* ]]
}

@test "one that fails does not stop the others" {
	make_project good good
	make_project bad bad
	sed -i 's/^def build_wheel.*/&\n    sys.exit(1)/' bad/backend.py
	run wheel -w out --no-verify ./bad ./good
	[ "$status" -eq 1 ]
	[[ "$output" == *"ERROR: Failed building wheel for bad"* ]]
	[[ "$output" == *$'Successfully built good\nFailed to build bad\n'* ]]
	[[ "$output" == *"ERROR: Failed to build one or more wheels" ]]
	[ "$(ls out)" = good-1.0-py3-none-any.whl ]
	run ! wheel --no-build-isolation --build-constraint x ./good
	[[ "$output" == *"--build-constraint cannot be used with --no-build-isolation."* ]]
}

@test "download leaves a checkout or an editable as a zip file" {
	make_project demo demo 1.2
	mkdir demo/sub && echo text >demo/sub/file
	download() { "$XPIP" download --no-index --find-links links "$@"; }
	git init -q -b main demo
	git -C demo add .
	git -C demo -c user.name=a -c user.email=a@b commit -qm one
	run download -d out "git+file://$PWD/demo"
	[ "$status" -eq 0 ]
	[[ "$output" == *"Saved ./out/demo-1.2.zip"* ]]
	[ "$(python3 -c 'import zipfile; z = zipfile.ZipFile("out/demo-1.2.zip"); print(z.testzip(), z.read("demo/sub/file"))')" = "None b'text\n'" ]
	run ! download -d out --no-input "git+file://$PWD/demo"
	[[ "$output" == *"The file ./out/demo-1.2.zip exists: say what to do with it by --exists-action"* ]]
	run download -d out --exists-action b "git+file://$PWD/demo"
	[ -e out/demo-1.2.zip.bak ]
	run download -d out --exists-action w "git+file://$PWD/demo"
	[[ "$output" == *"WARNING: Deleting ./out/demo-1.2.zip"* ]]
	run download -d out --exists-action i "git+file://$PWD/demo"
	[ "$status" -eq 0 ]
	run download -d other ./demo # a plain folder leaves nothing
	[ -z "$(ls other)" ]
}
