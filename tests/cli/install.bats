#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
bats_require_minimum_version 1.5.0
load server

setup()
{
	cd "$BATS_TEST_TMPDIR"
	unset PIP_FIND_LINKS PIP_INDEX_URL
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

# What lies in site-packages without byte code: one line, for comparisons.
things() { (cd "$site" && find . -name __pycache__ -prune -o -type f -print | sort | tr '\n' ' '); }

@test "a requirements file, its dependencies, scripts and metadata are installed" {
	wheel dep 1.5
	wheel dep 2.0
	wheel demo 1.0 --requires 'dep<2' --script 'demo=demo:main'
	printf 'demo\n' >r.txt
	run install -r r.txt
	[ "$status" -eq 0 ]
	[[ "$output" == *"Installing collected packages: dep, demo"* ]]
	[[ "$output" == *"Successfully installed demo-1.0 dep-1.5" ]]
	[ "$(env/bin/demo)" = "demo 1.0" ]
	[ "$(cat "$site/demo-1.0.dist-info/INSTALLER")" = xpip ]
	[ -e "$site/demo-1.0.dist-info/REQUESTED" ]
	[ ! -e "$site/dep-1.5.dist-info/REQUESTED" ]
	grep -q '^../../../bin/demo,sha256=' "$site/demo-1.0.dist-info/RECORD"
	grep -q '^demo-1.0.dist-info/RECORD,,.\?$' "$site/demo-1.0.dist-info/RECORD"
	run install -r r.txt
	[ "$status" -eq 0 ]
	[[ "$output" == *"Requirement already satisfied: demo in ./$site (from -r r.txt (line 1)) (1.0)"* ]]
	[[ "$output" != *"Successfully"* ]]
}

@test "modules are compiled unless --no-compile" {
	wheel demo 1.0
	install demo
	compgen -G "$site/__pycache__/demo.*.pyc"
	grep -q '^__pycache__/demo\..*\.pyc,,.\?$' "$site/demo-1.0.dist-info/RECORD"
	install --force-reinstall --no-compile demo
	! compgen -G "$site/__pycache__/demo.*.pyc"
}

@test "an upgrade replaces everything of the old version" {
	wheel demo 1.0 --file 'old/__init__.py=1' --script 'old=demo:main'
	wheel demo 2.0 --file 'new/__init__.py=1'
	install demo==1.0
	run install -U demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"  Attempting uninstall: demo"* ]]
	[[ "$output" == *"    Found existing installation: demo 1.0"* ]]
	[[ "$output" == *"Successfully uninstalled demo-1.0"* ]]
	[[ "$output" == *"Successfully installed demo-2.0" ]]
	[ ! -e "$site/old" ] && [ ! -e env/bin/old ] && [ ! -e "$site/demo-1.0.dist-info" ]
	[ -e "$site/new/__init__.py" ]
}

@test "what cannot be leaves the environment as it was, says who asked, and ends with 1" {
	wheel demo 1.0 --requires 'dep>=3'
	wheel dep 2.0
	wheel here 1.0
	install here
	before=$(things)
	run install here demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"dep>=3"* ]] && [[ "$output" == *"demo"* ]]
	run install nothing-of-that-name
	[ "$status" -eq 1 ]
	[[ "$output" == *"ERROR: Could not find a version that satisfies the requirement nothing-of-that-name (from versions: none)"* ]]
	[[ "$output" == *"ERROR: No matching distribution found for nothing-of-that-name"* ]]
	[ "$(things)" = "$before" ]
}

@test "a wheel whose bytes are not what RECORD says is refused, and nothing of it stays" {
	wheel demo 1.0
	python3 - links/demo-1.0-py3-none-any.whl <<-'PY'
		import sys, zipfile
		path = sys.argv[1]
		with zipfile.ZipFile(path) as old: parts = [(i, old.read(i)) for i in old.infolist()]
		with zipfile.ZipFile(path, "w") as new:
		    for info, data in parts: new.writestr(info, data.replace(b"1.0", b"6.6") if info.filename == "demo.py" else data)
	PY
	start_server --root links
	run "$XPIP" install --index-url "$SERVER/simple/" demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"demo.py"* ]]
	[ -z "$(things)" ]
}

@test "hashes: the right one installs, a wrong one stops everything, a missing one too" {
	wheel demo 1.0
	wheel other 1.0
	right=$(sha256sum links/demo-1.0-py3-none-any.whl | cut -d' ' -f1)
	echo "demo==1.0 --hash=sha256:$right" >r.txt
	run install -r r.txt
	[ "$status" -eq 0 ]
	printf 'demo==1.0 --hash=sha256:%064d\nother==1.0 --hash=sha256:%s\n' 0 "$right" >wrong.txt
	run install --force-reinstall -r wrong.txt
	[ "$status" -eq 1 ]
	[[ "$output" == *"THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."* ]]
	[ ! -e "$site/other.py" ]
	run install --require-hashes other==1.0
	[ "$status" -eq 1 ]
	[[ "$output" == *"Hashes are required in --require-hashes mode"* ]]
	printf 'demo --hash=sha256:%s\n' "$right" >loose.txt
	run install --force-reinstall -r loose.txt
	[ "$status" -eq 1 ]
	[[ "$output" == *"must have their versions pinned with =="* ]]
	run install --force-reinstall --no-require-hashes -r loose.txt
	[ "$status" -eq 0 ]
}

@test "--dry-run changes nothing and --report tells all in JSON" {
	wheel dep 1.0
	wheel demo 1.0 --requires dep --extra more
	run install --dry-run --quiet --report report.json 'demo[more]'
	[ "$status" -eq 0 ] && [ -z "$output" ]
	[ -z "$(things)" ]
	run python3 - <<-'PY'
		import json
		report = json.load(open("report.json"))
		assert report["version"] == "1" and "python_version" in report["environment"]
		by_name = {i["metadata"]["name"]: i for i in report["install"]}
		demo, dep = by_name["demo"], by_name["dep"]
		assert demo["requested"] and not dep["requested"] and not demo["is_direct"]
		assert demo["requested_extras"] == ["more"]
		assert demo["download_info"]["url"].startswith("file://")
		print("good")
	PY
	[ "$output" = good ]
	run install --dry-run demo
	[[ "$output" == *"Would install demo-1.0 dep-1.0" ]]
}

@test "--target, --prefix and --root put things elsewhere; constraints and --no-deps hold" {
	wheel dep 1.0
	wheel dep 2.0
	wheel demo 1.0 --requires dep --script 'demo=demo:main'
	echo 'dep<2' >c.txt
	install -t there -c c.txt demo
	[ -e there/demo.py ] && [ -e there/bin/demo ] && [ -e there/dep-1.0.dist-info/METADATA ]
	run install -t there demo
	[[ "$output" == *"WARNING: Target directory $PWD/there/demo.py already exists. Specify --upgrade to force replacement."* ]]
	install --prefix below --no-deps demo
	[ -e below/bin/demo ] && [ ! -e below/lib/python3.*/site-packages/dep.py ]
	install --root alter --no-deps demo
	[ -e "alter$PWD/env/bin/demo" ]
	[ -z "$(things)" ]
}

@test "folders, archives and editables are built; direct_url.json says where they came from" {
	tar xzf "$("$BATS_TEST_DIRNAME/../wheel" links sdemo 1.0 --sdist)"
	run "$XPIP" install --no-index ./sdemo-1.0
	[ "$status" -eq 0 ]
	[[ "$output" == *"Processing ./sdemo-1.0"* ]]
	[[ "$output" == *"Successfully installed sdemo-1.0" ]]
	grep -q '"dir_info": {}' "$site/sdemo-1.0.dist-info/direct_url.json"
	run "$XPIP" install --no-index --force-reinstall ./links/sdemo-1.0.tar.gz
	[ "$status" -eq 0 ]
	grep -q '"archive_info"' "$site/sdemo-1.0.dist-info/direct_url.json"
	run install sdemo==1.0 --force-reinstall
	[ "$status" -eq 0 ]
	[ ! -e "$site/sdemo-1.0.dist-info/direct_url.json" ]
	run "$XPIP" install ./nowhere
	[ "$status" -eq 1 ]
	[[ "$output" == *"Invalid requirement: './nowhere'"*"Hint: It looks like a path. File './nowhere' does not exist."* ]]
	mkdir empty
	run "$XPIP" install ./empty
	[ "$status" -eq 1 ]
	[[ "$output" == *"Directory './empty' is not installable. Neither 'setup.py' nor 'pyproject.toml' found."* ]]
}

@test "over HTTP: pages, metadata by ranges, a second install from the store without the server" {
	wheel dep 1.0
	wheel demo 1.0 --requires dep
	start_server --root links
	run "$XPIP" install --index-url "$SERVER/+no658/simple/" demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Looking in indexes: $SERVER/+no658/simple"* ]]
	[[ "$output" == *"Downloading demo-1.0-py3-none-any.whl ("* ]]
	[[ "$output" == *"Successfully installed demo-1.0 dep-1.0" ]]
	rm -rf env && python3 -m venv --without-pip env
	run "$XPIP" install --index-url "$SERVER/+no658/simple/" demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Using cached demo-1.0-py3-none-any.whl ("* ]]
	cmp "$site/demo.py" <(python3 -m zipfile -e links/demo-1.0-py3-none-any.whl x && cat x/demo.py)
}

@test "nothing to do, bad combinations and bad words end with pip's sentences" {
	run "$XPIP" install
	[ "$status" -eq 1 ]
	[ "$output" = 'ERROR: You must give at least one requirement to install (see "xpip help install")' ]
	run "$XPIP" install --user --target x demo
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: Can not combine '--user' and '--target'" ]
	run "$XPIP" install --platform x demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"either --no-deps must be set, or --only-binary=:all: must be set"* ]]
	run "$XPIP" install demo=1.0
	[ "$status" -eq 1 ]
	[[ "$output" == *"Hint: = is not a valid operator. Did you mean == ?" ]]
	run "$XPIP" install -r nowhere.txt
	[ "$status" -eq 1 ]
	[[ "$output" == *"Could not open requirements file: [Errno 2] No such file or directory: 'nowhere.txt'" ]]
}

@test "conflicts with what is installed are told, unless --no-warn-conflicts" {
	wheel dep 1.0
	wheel dep 2.0
	wheel asks 1.0 --requires 'dep<2' --requires 'gone; python_version > "2"'
	wheel gone 1.0
	install asks
	rm -r "$site"/gone-1.0.dist-info
	run --separate-stderr install dep==2.0
	[ "$status" -eq 0 ]
	[ "$stderr" = "ERROR: pip's dependency resolver does not currently take into account all the packages that are installed. This behaviour is the source of the following dependency conflicts.
asks 1.0 requires gone; python_version > \"2\", which is not installed.
asks 1.0 requires dep<2, but you have dep 2.0 which is incompatible." ]
	[[ "${lines[-1]}" == "Successfully installed dep-2.0" ]]
	install dep==1.0
	run install --no-warn-conflicts dep==2.0
	[[ "$output" != *"conflicts"* ]]
	install dep==1.0
	run install --no-deps dep==2.0
	[[ "$output" != *"conflicts"* ]]
}

@test "Ctrl-C while modules are compiled ends the command and leaves nothing" {
	files=()
	for i in $(seq 1 300); do files+=(--file "many/m$i.py=$(printf 'def f%s(a):\\n    return [a, {1: a}, (a,)]\\n' $(seq 1 40))"); done
	wheel many 1.0 "${files[@]}"
	"$XPIP" install --no-index -f links many >out 2>&1 &
	pid=$!
	for ((i = 0; i < 500; i++)); do
		if compgen -G "$site/.xpip-*" >/dev/null || ! kill -0 $pid; then break; fi
		sleep 0.01
	done
	kill -INT $pid || true
	for ((i = 0; i < 200; i++)); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	run kill -9 $pid # still there: it hangs
	[ "$status" -ne 0 ]
	run wait $pid
	if [ -e "$site/many" ]; then # it was quicker
		[ -e "$site/many-1.0.dist-info/RECORD" ]
	else
		grep -q "Operation cancelled by user" out
		[ -z "$(things)" ]
	fi
	! compgen -G "$site/.xpip-*"
}

@test "byte code that a wheel brings along is replaced by that of its source" {
	tag=$(python3 -c 'import sys; print(sys.implementation.cache_tag)')
	wheel demo 1.0 --file "__pycache__/demo.$tag.pyc=old"
	for turn in 1 2 3; do
		install --force-reinstall demo
		code=$(head -c 3 "$site/__pycache__/demo.$tag.pyc")
		[ "$code" != old ]
	done
	[ "$(grep -c "^__pycache__/demo.$tag.pyc," "$site/demo-1.0.dist-info/RECORD")" -eq 2 ] # as pip writes it
}
