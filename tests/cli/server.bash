# For bats tests: `load server`, then `start_server --root DIR` sets $SERVER (its address) and
# $SERVER_PID; call `stop_server` in teardown. See ../server for what it can do.
start_server()
{
	local out tries
	out=$(mktemp "${BATS_TEST_TMPDIR:-/tmp}/server.XXXXXX")
	python3 "$BATS_TEST_DIRNAME/../server" "$@" >"$out" 3>&- &
	SERVER_PID=$!
	for ((tries = 0; tries < 200; tries++)); do
		SERVER=$(head -n 1 "$out")
		[ -z "$SERVER" ] || return 0
		sleep 0.05
	done
	echo "the test server does not start" >&2
	return 1
}

stop_server()
{
	[ -z "${SERVER_PID:-}" ] || kill "$SERVER_PID" 2>/dev/null || true
	SERVER_PID=
}
