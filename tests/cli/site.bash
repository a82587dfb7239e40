# For bats tests: `load site`, then `make_venv` makes an environment without packages and names its
# site-packages $SITE; `add_dist` and others fill it by hand.
make_venv()
{
	export HOME="$BATS_TEST_TMPDIR/home" VIRTUAL_ENV="$BATS_TEST_TMPDIR/venv"
	unset PYTHONPATH XDG_CONFIG_HOME XDG_CACHE_HOME NO_COLOR FORCE_COLOR
	export XDG_CONFIG_DIRS="$HOME/etc" PYTHONNOUSERSITE=1
	for name in $(compgen -e PIP_); do unset "$name"; done
	mkdir -p "$HOME"
	python3 -m venv --without-pip "$@" "$VIRTUAL_ENV"
	SITE=$(echo "$VIRTUAL_ENV"/lib/python3*/site-packages)
	cd "$BATS_TEST_TMPDIR" || return
}

# add_dist NAME VERSION [HEADER LINE]...: a .dist-info with METADATA, INSTALLER and RECORD.
add_dist()
{
	local info="$SITE/${1//-/_}-$2.dist-info" name=$1 version=$2 line
	shift 2
	mkdir -p "$info"
	{
		printf 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' "$name" "$version"
		for line in "$@"; do printf '%s\n' "$line"; done
		printf '\nThe text.\n'
	} >"$info/METADATA"
	echo xpip >"$info/INSTALLER"
	printf '%s/METADATA,,\n%s/RECORD,,\n' "${info##*/}" "${info##*/}" >"$info/RECORD"
}

# add_editable NAME VERSION FOLDER: the same with PEP 610's direct_url.json.
add_editable()
{
	add_dist "$1" "$2"
	printf '{"url": "file://%s", "dir_info": {"editable": true}}' "$3" \
		>"$SITE/${1//-/_}-$2.dist-info/direct_url.json"
}

# add_link NAME VERSION FOLDER: what `setup.py develop` left behind.
add_link()
{
	mkdir -p "$3/$1.egg-info"
	printf 'Metadata-Version: 1.2\nName: %s\nVersion: %s\n' "$1" "$2" >"$3/$1.egg-info/PKG-INFO"
	printf '%s\n.' "$3" >"$SITE/$1.egg-link"
	echo "$3" >>"$SITE/easy-install.pth"
}
