/* SPDX-License-Identifier: MIT */
/* What an interpreter is asked. Each program prints one JSON object. */
#pragma once

/* Once, for `python -I -S -c`: {base} stands for the prefix, {user} for the user base. A change
 * here needs a new number in python_facts.c's cache key. */
#define PYTHON_QUERY                                                                               \
	"import sys, os, json, platform, sysconfig, struct, site\n"                                \
	"def paths(kind):\n"                                                                       \
	"    fallback = {'prefix': 'posix_prefix', 'user': 'posix_user', 'home': 'posix_home', "   \
	"'venv': 'venv'}\n"                                                                        \
	"    try:\n"                                                                               \
	"        scheme = fallback[kind] if kind == 'venv' else "                                  \
	"sysconfig.get_preferred_scheme(kind)\n"                                                   \
	"    except Exception:\n"                                                                  \
	"        scheme = fallback[kind]\n"                                                        \
	"    if scheme not in sysconfig.get_scheme_names():\n"                                     \
	"        scheme = 'posix_prefix'\n"                                                        \
	"    base = '{user}' if kind == 'user' else '{base}'\n"                                    \
	"    names = {n: base for n in ('base', 'platbase', 'installed_base', "                    \
	"'installed_platbase', 'userbase')}\n"                                                     \
	"    found = sysconfig.get_paths(scheme, vars=names)\n"                                    \
	"    return {k: found[k] for k in ('purelib', 'platlib', 'include', 'scripts', 'data')}\n" \
	"v = sysconfig.get_config_var\n"                                                           \
	"number = str(sys.version_info[0]) + str(sys.version_info[1])\n"                           \
	"gil = bool(v('Py_GIL_DISABLED'))\n"                                                       \
	"debug = bool(v('Py_DEBUG')) or hasattr(sys, 'gettotalrefcount')\n"                        \
	"t = 't' if gil and sys.version_info >= (3, 13) else ''\n"                                 \
	"abis = ['cp' + number + t + ('d' if debug else '')]\n"                                    \
	"if debug:\n"                                                                              \
	"    abis.append('cp' + number + t)\n"                                                     \
	"if sys.implementation.name != 'cpython':\n"                                               \
	"    soabi = v('SOABI') or ''\n"                                                           \
	"    parts = soabi.split('-')\n"                                                           \
	"    abis = ['_'.join(parts[:2]).replace('.', '_')] if soabi else []\n"                    \
	"libc, musl = [0, 0], False\n"                                                             \
	"try:\n"                                                                                   \
	"    name, number = os.confstr('CS_GNU_LIBC_VERSION').split()\n"                           \
	"    libc = [int(n) for n in number.split('.')[:2]]\n"                                     \
	"except Exception:\n"                                                                      \
	"    try:\n"                                                                               \
	"        import re, subprocess, glob\n"                                                    \
	"        for loader in glob.glob('/lib/ld-musl-*.so.1'):\n"                                \
	"            text = subprocess.run([loader], stderr=subprocess.PIPE, text=True).stderr\n"  \
	"            found = re.search(r'Version (\\d+)\\.(\\d+)', text)\n"                        \
	"            if found:\n"                                                                  \
	"                libc, musl = [int(found[1]), int(found[2])], True\n"                      \
	"    except Exception:\n"                                                                  \
	"        pass\n"                                                                           \
	"i = sys.implementation.version\n"                                                         \
	"impl = '%d.%d.%d' % i[:3] + ('' if i.releaselevel == 'final' else i.releaselevel[0] + "   \
	"str(i.serial))\n"                                                                         \
	"print(json.dumps({'version': platform.python_version(), 'version_info': "                 \
	"list(sys.version_info[:3]),\n"                                                            \
	"    'implementation': sys.implementation.name, 'cache_tag': "                             \
	"sys.implementation.cache_tag or '',\n"                                                    \
	"    'magic': __import__('importlib.util').util.MAGIC_NUMBER.hex(),\n"                     \
	"    'prefix': sys.prefix, 'base_prefix': sys.base_prefix, 'stdlib': "                     \
	"sysconfig.get_path('stdlib'),\n"                                                          \
	"    'sys_path': [p for p in sys.path if p], 'site': site.getsitepackages(),\n"            \
	"    'paths': {k: paths(k) for k in ('prefix', 'user', 'home', 'venv')},\n"                \
	"    'abis': abis, 'gil_disabled': gil, 'debug': debug, 'platform': "                      \
	"sysconfig.get_platform(),\n"                                                              \
	"    'libc': libc, 'musl': musl, 'bits': struct.calcsize('P') * 8,\n"                      \
	"    'markers': {'implementation_name': sys.implementation.name, "                         \
	"'implementation_version': impl,\n"                                                        \
	"        'os_name': os.name, 'platform_machine': platform.machine(),\n"                    \
	"        'platform_python_implementation': platform.python_implementation(),\n"            \
	"        'platform_release': platform.release(), 'platform_system': platform.system(),\n"  \
	"        'platform_version': platform.version(), 'python_full_version': "                  \
	"platform.python_version(),\n"                                                             \
	"        'python_version': '.'.join(platform.python_version_tuple()[:2]),\n"               \
	"        'sys_platform': sys.platform}}))\n"

/* For an environment whose own code changes sys.path. */
#define PYTHON_QUERY_PATH                                                                          \
	"import sys, json, site\n"                                                                 \
	"print(json.dumps({'sys_path': [p for p in sys.path if p], 'user': "                       \
	"bool(site.ENABLE_USER_SITE)}))\n"
