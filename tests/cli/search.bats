#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# xpip search: an index with an XML-RPC service.

load site

setup() {
	make_venv
	cat >service.py <<-'P'
		import sys
		from xmlrpc.server import SimpleXMLRPCServer
		from xmlrpc.client import Fault
		def search(query, how):
		    word = query["name"][0]
		    if word == "fail":
		        raise Fault(-32500, "not any more")
		    if how != "or" or query["summary"] != query["name"] or word != "de&mo":
		        return []
		    return [{"name": "demo", "version": "1.9", "summary": "old"},
		            {"name": "Other.Thing", "version": "1.0", "summary": ""},
		            {"name": "demo", "version": "1.10", "summary": "new <&>", "_pypi_ordering": 1}]
		server = SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False)
		server.register_function(search)
		print(server.server_address[1], flush=True)
		server.serve_forever()
	P
	python3 service.py >port 3>&- &
	SERVICE=$!
	for _ in $(seq 200); do [ -s port ] && break || sleep 0.05; done
	URL=http://127.0.0.1:$(cat port)/RPC2
}

teardown() {
	kill "$SERVICE"
}

@test "projects with their newest release, and what is installed" {
	add_dist demo 1.9
	run "$XPIP" search --index "$URL" 'de&mo'
	[ "$status" -eq 0 ]
	[ "$output" = "demo (1.10)        - new <&>
  INSTALLED: 1.9
  LATEST:    1.10
Other.Thing (1.0)  - " ]
}

@test "nothing found, a fault, no service, no query" {
	run "$XPIP" search -i "$URL" absent
	[ "$status" -eq 23 ]
	[ -z "$output" ]
	run "$XPIP" search -i "$URL" fail
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: XMLRPC request failed [code: -32500]
not any more" ]
	run "$XPIP" search -i "${URL%RPC2}nowhere" demo
	[ "$status" -eq 1 ]
	[[ "$output" = "ERROR: 404 "* ]]
	run "$XPIP" search
	[ "$status" -eq 1 ]
	[ "$output" = "ERROR: Missing required argument (search query)." ]
}
