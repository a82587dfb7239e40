# For bats tests: `make_project FOLDER NAME [VERSION] [REQUIREMENT]...` writes a project whose build
# back end lies in the project itself (backend-path): nothing has to be installed to build it. The
# environment variables BACKEND_FAILS and BACKEND_SAYS change what it does.
make_project()
{
	local folder=$1 name=$2 version=${3:-1.0} requirement
	shift $(($# < 3 ? $# : 3))
	mkdir -p "$folder"
	cat >"$folder/pyproject.toml" <<-END
		[build-system]
		requires = []
		build-backend = "backend"
		backend-path = ["."]
	END
	{
		printf 'NAME, VERSION = %s, %s\n' "'$name'" "'$version'"
		printf 'REQUIRES = ['
		for requirement in "$@"; do printf '"%s", ' "$requirement"; done
		printf ']\n'
		cat <<-'END'
			import os, sys, zipfile
			MODULE = NAME.replace('-', '_').lower()
			INFO = '%s-%s.dist-info' % (MODULE, VERSION)
			def pack(folder, files):
			    name = '%s-%s-py3-none-any.whl' % (MODULE, VERSION)
			    meta = 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n' % (NAME, VERSION)
			    meta += ''.join('Requires-Dist: %s\n' % r for r in REQUIRES)
			    files = dict(files)
			    files[INFO + '/METADATA'] = meta
			    files[INFO + '/WHEEL'] = 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
			    files[INFO + '/RECORD'] = ''.join('%s,,\n' % f for f in files) + INFO + '/RECORD,,\n'
			    with zipfile.ZipFile(os.path.join(folder, name), 'w') as archive:
			        for path in files:
			            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), files[path])
			    return name
			def build_wheel(folder, settings=None, metadata=None):
			    print(os.environ.get('BACKEND_SAYS', 'building'))
			    if os.environ.get('BACKEND_FAILS') and metadata:
			        sys.exit('it failed')
			    return pack(folder, {MODULE + '.py': 'settings = %r\n' % (settings,)})
			def prepare_metadata_for_build_wheel(folder, settings=None):
			    with zipfile.ZipFile(os.path.join(folder, pack(folder, {}))) as archive:
			        archive.extract(INFO + '/METADATA', folder)
			    return INFO
			def build_editable(folder, settings=None, metadata=None):
			    return pack(folder, {MODULE + '.pth': os.getcwd() + '\n'})
		END
	} >"$folder/backend.py"
	printf '' >"$folder/${name//-/_}.py"
}

# make_sdist FOLDER NAME VERSION: links/NAME-VERSION.tar.gz of that project.
make_sdist()
{
	mkdir -p links
	tar -czf "links/$2-$3.tar.gz" --format=ustar --transform "s,^$1,$2-$3," "$1"
}
