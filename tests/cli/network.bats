#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Indexes over HTTP that fail, lie or want something, seen from the command line.
bats_require_minimum_version 1.5.0
load server
load site

setup()
{
	make_venv
	export PATH="$VIRTUAL_ENV/bin:$PATH"
	mkdir links
	unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy NO_PROXY no_proxy
	unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
}
teardown() { stop_server; }

wheel() { "$BATS_TEST_DIRNAME/../wheel" links "$@" >/dev/null; }
install() { "$XPIP" install --retries 0 "$@"; }
requests() { python3 -c 'import json, sys, urllib.request
for r in json.load(urllib.request.urlopen(sys.argv[1] + "/requests")): print(r["path"], r["headers"].get("authorization", "-"))' "$SERVER"; }
installed() { [ -e "$SITE/$1.py" ]; }

@test "pages as JSON or HTML, metadata beside the file or by ranges" {
	wheel dep 1.0
	wheel demo 1.0 --requires dep
	start_server --root links
	for mode in simple +html/simple +json+gzip/simple +no658/simple +no658+norange+html/simple \
		+no658+refuse/simple +no658+shift/simple +gone658/simple redirect/2/simple; do
		run install --no-cache-dir --force-reinstall --index-url "$SERVER/$mode" demo
		[ "$status" -eq 0 ]
		[[ "$output" == *"Successfully installed demo-1.0 dep-1.0"* ]]
	done
}

@test "a small wheel that was read for its metadata is not fetched again" {
	wheel demo 1.0
	start_server --root links
	install --no-cache-dir --index-url "$SERVER/+no658/simple" demo
	[ "$(requests | grep -c '/files/demo')" -eq 1 ]
}

@test "without a network: one clear line, exit 1" {
	run --separate-stderr install --index-url http://127.0.0.1:1/simple demo
	[ "$status" -eq 1 ]
	# shellcheck disable=SC2154 # bats sets it
	[[ "$stderr" == *"Could not fetch URL http://127.0.0.1:1/simple/demo/: connection error: "* ]]
	[[ "$stderr" == *"ERROR: No matching distribution found for demo"* ]]
}

@test "a second run needs no network while pages are fresh; a stale page serves without one" {
	wheel demo 1.0
	start_server --root links
	install --index-url "$SERVER/simple" demo
	run install --force-reinstall --index-url "$SERVER/simple" demo
	[ "$status" -eq 0 ]
	[ "$(requests | grep -c /simple/demo/)" -eq 1 ]
	install --force-reinstall --index-url "$SERVER/+maxage=0/simple" demo
	stop_server
	run install --force-reinstall --index-url "$SERVER/+maxage=0/simple" demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"using the page that was kept"* ]]
}

@test "--refresh-package asks the index again" {
	wheel demo 1.0
	start_server --root links
	install --index-url "$SERVER/simple" demo
	install --index-url "$SERVER/simple" --refresh-package demo --force-reinstall demo
	[ "$(requests | grep -c /simple/demo/)" -eq 2 ]
}

@test "retries are announced, and succeed" {
	wheel demo 1.0
	start_server --root links
	run "$XPIP" install --retries 2 --index-url "$SERVER/+fail=1/simple" demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"WARNING: Retrying (1 of 2) after connection broken by 'Service Unavailable'"* ]]
	installed demo
}

@test "a body that breaks off is resumed" {
	wheel demo 1.0
	start_server --root links
	run "$XPIP" install --resume-retries 2 --index-url "$SERVER/+cut=1/simple" demo
	[ "$status" -eq 0 ]
	installed demo
}

@test "other bytes than the index promises: refused, nothing written" {
	wheel demo 1.0
	start_server --root links
	run install --index-url "$SERVER/+bad658/simple" demo
	[ "$status" -eq 1 ]
	run install --index-url "$SERVER/+change+no658+norange/simple" demo
	[ "$status" -eq 1 ]
	[ ! -e "$SITE/demo.py" ]
}

@test "credentials: from the URL or netrc, never shown, never in a child's arguments" {
	wheel demo 1.0
	start_server --root links
	authority=${SERVER#http://}
	run install --no-cache-dir --log log --index-url "$SERVER/+auth/simple" demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"401 Client Error: Unauthorized for url: $SERVER/+auth/simple/demo/"* ]]
	run install -vvv --log log --index-url "http://user:secret@$authority/+auth/simple" demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"Looking in indexes: http://user:****@$authority/+auth/simple"* ]]
	[[ "$output" != *secret* ]]
	run ! grep -r secret log "$HOME" "$SITE"
	printf 'machine 127.0.0.1 login user password secret\n' >"$HOME/.netrc"
	run install --force-reinstall --no-cache-dir --index-url "$SERVER/+auth/simple" demo
	[ "$status" -eq 0 ]
}

@test "credentials do not follow a redirect to another host" {
	wheel demo 1.0
	start_server --root links
	authority=${SERVER#http://} port=${SERVER##*:}
	target=$(printf 'http://localhost:%s/+auth/simple' "$port" | sed 's/+/%2B/')
	run install --index-url "http://user:secret@$authority/to?url=$target&x=" demo
	[ "$status" -eq 1 ]
	run requests
	[[ "$output" == *"/+auth/simple -"* ]]
}

@test "--keyring-provider subprocess asks the keyring command" {
	wheel demo 1.0
	start_server --root links
	mkdir bin
	printf '#!/bin/sh\necho "$@" >>%s/asked\necho "{\\"username\\": \\"user\\", \\"password\\": \\"secret\\"}"\n' \
		"$PWD" >bin/keyring
	chmod +x bin/keyring
	PATH=$PWD/bin:$PATH run install --no-input --keyring-provider subprocess --index-url "$SERVER/+auth/simple" demo
	[ "$status" -eq 0 ]
	grep -q -- '--mode=creds --output=json get http' asked
	PATH=$PWD/bin:$PATH run install --no-input --keyring-provider disabled --no-cache-dir \
		--force-reinstall --index-url "$SERVER/+auth/simple" demo
	[ "$status" -eq 1 ]
}

@test "clear text to another machine is not used without --trusted-host" {
	run install --index-url http://index.invalid/simple demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"The repository located at"*"is not a trusted or secure host and is being ignored"* ]]
	run install --timeout 2 --trusted-host index.invalid --index-url http://index.invalid/simple demo
	[[ "$output" != *"not a trusted or secure host"* ]]
}

@test "--cert: what cannot be read is an error; a good one is used; --trusted-host does without" {
	wheel demo 1.0
	start_server --root links --tls tls
	run install --cert /nonexistent/ca.pem --index-url "$SERVER/simple" demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"/nonexistent/ca.pem"* ]]
	run install --index-url "$SERVER/simple" demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"There was a problem confirming the ssl certificate"* ]]
	run install --cert tls/ca.pem --index-url "$SERVER/simple" demo
	[ "$status" -eq 0 ]
	run install --force-reinstall --no-cache-dir --trusted-host 127.0.0.1 --index-url "$SERVER/simple" demo
	[ "$status" -eq 0 ]
	run install --client-cert /nonexistent/client.pem --index-url "$SERVER/simple" demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"/nonexistent/client.pem"* ]]
}

@test "--proxy and --no-proxy-env" {
	wheel demo 1.0
	start_server --root links
	run install --proxy http://127.0.0.1:1 --index-url "$SERVER/simple" demo
	[ "$status" -eq 1 ]
	HTTP_PROXY=http://127.0.0.1:1 run install --index-url "$SERVER/simple" demo
	[ "$status" -eq 1 ]
	HTTP_PROXY=http://127.0.0.1:1 run install --no-proxy-env --index-url "$SERVER/simple" demo
	[ "$status" -eq 0 ]
}

@test "a name that stands on two indexes is warned about" {
	wheel demo 1.0
	start_server --root links
	run install --index-url "$SERVER/simple" --extra-index-url "$SERVER/+html/simple" demo
	[ "$status" -eq 0 ]
	[[ "$output" == *"WARNING: demo stands on more than one index"* ]]
	run install --no-index --index-url "$SERVER/simple" --force-reinstall demo
	[ "$status" -eq 1 ]
}

@test "a server that stalls is given up after --timeout" {
	wheel demo 1.0
	start_server --root links
	run install --timeout 1 --resume-retries 0 --index-url "$SERVER/+stall/simple" demo
	[ "$status" -eq 1 ]
	[[ "$output" == *"timed out"* ]]
}

@test "on a terminal the user is asked for a name and a password, unless --no-input" {
	wheel demo 1.0
	start_server --root links
	cat >ask.py <<-'P'
		import os, pty, sys
		pid, terminal = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], sys.argv[1:])
		seen = b""
		def read_until(word):
		    global seen
		    while word not in seen:
		        try:
		            seen += os.read(terminal, 1000) or sys.exit(seen.decode())
		        except OSError:
		            sys.exit(seen.decode())
		read_until(b"User for 127.0.0.1")
		os.write(terminal, b"user\n")
		read_until(b"Password: ")
		os.write(terminal, b"secret\n")
		read_until(b"Successfully installed demo-1.0")
		assert b"secret" not in seen, seen
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	P
	run python3 ask.py "$XPIP" install --no-cache-dir --retries 0 --index-url "$SERVER/+auth/simple" demo
	[ "$status" -eq 0 ]
	run python3 ask.py "$XPIP" install --no-input --force-reinstall --no-cache-dir --retries 0 --index-url "$SERVER/+auth/simple" demo
	[ "$status" -ne 0 ]
	[[ "$output" == *"401 Client Error"* ]]
}
