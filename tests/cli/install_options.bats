#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What single options of install and download change.
load server

setup()
{
	cd "$BATS_TEST_TMPDIR"
	unset PIP_FIND_LINKS PIP_INDEX_URL PIP_CERT
	export HOME=$PWD/home XDG_CACHE_HOME=$PWD/cache PIP_CONFIG_FILE=/dev/null
	export PYTHONDONTWRITEBYTECODE=1
	python3 -m venv --without-pip env
	export VIRTUAL_ENV=$PWD/env PATH="$PWD/env/bin:$PATH"
	site=$(echo env/lib/python3.*/site-packages)
	mkdir links
}
teardown() { stop_server; }

wheel() { "$BATS_TEST_DIRNAME/../wheel" links "$@" >/dev/null; }
install() { "$XPIP" install --no-index --find-links links "$@"; }
version_of() { sed -n 's/^Version: //p' "$site/$1"-*.dist-info/METADATA; }

@test "--upgrade-strategy: dependencies only if needed, or eagerly" {
	wheel dep 1.0
	wheel demo 1.0 --requires dep
	install demo
	wheel dep 2.0
	wheel demo 2.0 --requires dep
	install --upgrade --upgrade-strategy only-if-needed demo
	[ "$(version_of demo)" = 2.0 ] && [ "$(version_of dep)" = 1.0 ]
	install --upgrade --upgrade-strategy=eager demo
	[ "$(version_of dep)" = 2.0 ]
	run install --upgrade-strategy lazy demo
	[ "$status" -eq 2 ]
}

@test "--ignore-installed takes no notice of what is there" {
	wheel dep 1.0
	wheel demo 1.0 --requires dep
	install dep
	run install --ignore-installed demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Installing collected packages: dep, demo"* ]]
	[[ "$output" != *"uninstall"* ]]
}

@test "--only-deps takes the dependencies, --no-deps the rest" {
	wheel dep 1.0
	wheel demo 1.0 --requires dep
	install --only-deps demo
	[ -e "$site/dep.py" ] && [ ! -e "$site/demo.py" ]
	install --no-deps demo
	[ -e "$site/demo.py" ]
	run install --only-deps --no-deps demo
	[ "$status" -eq 1 ]
}

@test "--ignore-requires-python" {
	wheel demo 1.0 --python '>=99'
	run install demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"Package 'demo' requires a different Python: "*" not in '>=99'"* ]]
	run install --ignore-requires-python demo
	[ "$status" -eq 0 ]
	[ -e "$site/demo.py" ]
}

@test "--platform, --implementation, --abi, --python-version choose other wheels" {
	wheel demo 1.0 --tag cp39-cp39-macosx_10_9_x86_64
	wheel demo 1.1 --tag cp310-cp310-win_amd64
	run install --only-binary :all: -t there demo
	[ "$status" -eq 1 ]
	install -t there --only-binary :all: --platform macosx_11_0_x86_64 --implementation cp --abi cp39 \
		--python-version 3.9 demo
	[ -e there/demo-1.0.dist-info ]
	run "$XPIP" download --no-index -f links --dest got --only-binary :all: --platform win_amd64 \
		--implementation cp --abi cp310 --python-version 310 demo
	[ "$status" -eq 0 ]
	[ "$(ls got)" = demo-1.1-cp310-cp310-win_amd64.whl ]
}

@test "--all-releases and --only-final decide about pre-releases" {
	wheel demo 1.0
	wheel demo 2.0b1
	wheel other 1.0
	wheel other 2.0rc1
	run install --dry-run --all-releases demo demo other
	[[ "$output" == *"Would install demo-2.0b1 other-1.0" ]]
	run install --dry-run --all-releases :all: --only-final other demo other
	[[ "$output" == *"Would install demo-2.0b1 other-1.0" ]]
	run install --dry-run --pre demo
	[[ "$output" == *"Would install demo-2.0b1" ]]
}

@test "--no-warn-script-location and --no-warn-conflicts keep quiet" {
	wheel dep 1.0
	wheel dep 2.0
	wheel demo 1.0 --requires 'dep<2' --script 'demo=demo:main'
	sed -i 's/^include-system.*/include-system-site-packages = true/' env/pyvenv.cfg
	export PYTHONUSERBASE=$PWD/base
	run install --user demo
	[[ "$output" == *"WARNING: The script demo is installed in '$PWD/base/bin' which is not on PATH."* ]]
	run install --user --force-reinstall --no-warn-script-location demo
	[ "$status" -eq 0 ]
	[[ "$output" != *"not on PATH"* ]]
	install demo
	run install dep==2.0
	[ "$status" -eq 0 ]
	[[ "$output" == *"demo 1.0 requires dep<2, but you have dep 2.0 which is incompatible."* ]]
	run install --force-reinstall --no-warn-conflicts dep==2.0
	[[ "$output" != *"incompatible"* ]]
}

@test "--user needs a visible user site; --no-user takes it back" {
	wheel demo 1.0
	run install --user demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"Can not perform a '--user' install. User site-packages are not visible in this virtualenv." ]]
	run install --user --no-user demo
	[ "$status" -eq 0 ]
	sed -i 's/^include-system.*/include-system-site-packages = true/' env/pyvenv.cfg
	rm -rf "$site"/demo*
	PYTHONUSERBASE=$PWD/base run install --user demo
	[ "$status" -eq 0 ]
	[ -e base/lib/python3.*/site-packages/demo.py ]
}

@test "PEP 668: a managed Python is left alone without --break-system-packages" {
	base=$(env/bin/python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
	[ -e "$base/EXTERNALLY-MANAGED" ] || skip "this Python is not managed"
	python=$(sed -n 's/^home = //p' env/pyvenv.cfg)/python3
	wheel demo 1.0
	run "$XPIP" --python "$python" install --no-index -f links demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"error: externally-managed-environment"* ]]
	run "$XPIP" --python "$python" install --no-index -f links --break-system-packages no-such-demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"No matching distribution found for no-such-demo"* ]]
}

@test "--root-user-action" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	python=$(sed -n 's/^home = //p' env/pyvenv.cfg)/python3
	wheel demo 1.0
	run "$XPIP" --python "$python" install --no-index -f links --break-system-packages --root "$PWD/r" demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"WARNING: Running xpip as the 'root' user"* ]] || [[ "$output" == *"WARNING: Running pip as the 'root' user"* ]]
	run "$XPIP" --python "$python" install --no-index -f links --break-system-packages --root "$PWD/s" \
		--root-user-action ignore demo
	[[ "$output" != *"'root' user"* ]]
}

@test "builds: --no-build-isolation, --check-build-dependencies, --build-constraint, --use-pep517" {
	wheel demo 1.0 --sdist
	run install --no-build-isolation --check-build-dependencies --use-pep517 demo
	[ "$status" -eq 0 ]
	[ -e "$site/demo.py" ]
	echo 'setuptools<1' >build.txt
	run install --force-reinstall --build-constraint build.txt demo
	[ "$status" -eq 0 ]
}

@test "--no-clean leaves the build's folders" {
	wheel demo 1.0 --sdist
	mkdir tmp
	TMPDIR=$PWD/tmp install --no-cache-dir demo
	[ -z "$(ls tmp)" ]
	TMPDIR=$PWD/tmp install --no-cache-dir --force-reinstall --no-clean demo
	[ -n "$(ls tmp)" ]
}

@test "--compile takes --no-compile back" {
	wheel demo 1.0
	install --no-compile --compile demo
	compgen -G "$site/__pycache__/demo.*.pyc"
}

@test "--progress-bar raw writes lines, off and on none without a terminal" {
	wheel demo 1.0
	start_server --root links
	run "$XPIP" install --progress-bar raw -i "$SERVER/simple/" demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Progress 0 of "* ]]
	for mode in on off auto; do
		run "$XPIP" install --force-reinstall --no-cache-dir --progress-bar "$mode" -i "$SERVER/simple/" demo
		[ "$status" -eq 0 ]
		[[ "$output" != *"━"* && "$output" != *"Progress"* ]]
	done
}

@test "--proxy is used, --no-proxy-env forgets the variables" {
	wheel demo 1.0
	start_server --root links
	unset no_proxy NO_PROXY
	run "$XPIP" download --retries 0 --proxy http://127.0.0.1:1 -i "$SERVER/simple/" demo
	[ "$status" -eq 1 ]
	export http_proxy=http://127.0.0.1:1
	run "$XPIP" download --retries 0 -i "$SERVER/simple/" demo
	[ "$status" -eq 1 ]
	run "$XPIP" download --no-proxy-env -i "$SERVER/simple/" demo
	[ "$status" -eq 0 ]
}

@test "--cert and --client-cert must be readable; --cert trusts" {
	wheel demo 1.0
	start_server --root links --tls "$PWD"
	run "$XPIP" download --retries 0 --cert nowhere.pem -i "$SERVER/simple/" demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"nowhere.pem"* ]]
	run "$XPIP" download --retries 0 --cert ca.pem --client-cert no-client.pem -i "$SERVER/simple/" demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"no-client.pem"* ]]
	run "$XPIP" download --cert ca.pem -i "$SERVER/simple/" demo
	[ "$status" -eq 0 ]
}

@test "--keyring-provider subprocess asks the keyring program, disabled does not" {
	wheel demo 1.0
	start_server --root links
	mkdir bin
	printf '#!/bin/sh\necho "$@" >>%s/asked\necho "{\\"username\\": \\"user\\", \\"password\\": \\"secret\\"}"\n' "$PWD" >bin/keyring
	chmod +x bin/keyring
	export PATH="$PWD/bin:$PATH"
	index=${SERVER/127/user@127}/+auth/simple/
	run "$XPIP" download --no-input --keyring-provider disabled -i "$index" demo
	[ "$status" -eq 1 ]
	[ ! -e asked ]
	run "$XPIP" download --no-input --keyring-provider subprocess -i "$index" demo
	[ "$status" -eq 0 ]
	grep -q 'get .* user$' asked
	[[ "$output" != *secret* ]]
}

@test "--refresh-package asks again for a page that is still fresh" {
	wheel demo 1.0
	start_server --root links
	"$XPIP" download -d one -i "$SERVER/simple/" demo
	wheel demo 2.0
	"$XPIP" download -d two -i "$SERVER/simple/" demo
	[ -e two/demo-1.0-py3-none-any.whl ]
	"$XPIP" download -d three -i "$SERVER/simple/" --refresh-package demo demo
	[ -e three/demo-2.0-py3-none-any.whl ]
}

@test "--debug writes records; options without an effect here are accepted" {
	wheel demo 1.0
	run install --debug --disable-pip-version-check --no-python-version-warning --use-deprecated legacy-certs \
		--resume-retries 2 --no-peers demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Python 3."*"at $PWD/env/bin/python"* ]]
}
@test "--requirements-from-script reads PEP 723" {
	wheel demo 1.0
	printf '# /// script\n# dependencies = ["demo<2"]\n# ///\nprint(1)\n' >script.py
	run install --requirements-from-script script.py
	[ "$status" -eq 0 ]
	[[ "$output" == *"Successfully installed demo-1.0" ]]
}

