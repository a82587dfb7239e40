/* SPDX-License-Identifier: MIT */
/* What an interpreter is asked, once: a program for `python -I -S -c`, printing one JSON object. */
#pragma once

/* {base} stands for the prefix, {user} for the user base. */
#define PYTHON_QUERY                                                                               \
	"import sys, os, json, platform, sysconfig, struct\n"                                      \
	"def paths(kind):\n"                                                                       \
	"    try:\n"                                                                               \
	"        scheme = sysconfig.get_preferred_scheme(kind)\n"                                  \
	"    except Exception:\n"                                                                  \
	"        scheme = {'prefix': 'posix_prefix', 'user': 'posix_user', 'home': "               \
	"'posix_home'}[kind]\n"                                                                    \
	"    base = '{user}' if kind == 'user' else '{base}'\n"                                    \
	"    names = {'base': base, 'platbase': base, 'installed_base': base,\n"                   \
	"             'installed_platbase': base, 'userbase': base}\n"                             \
	"    found = sysconfig.get_paths(scheme, vars=names)\n"                                    \
	"    return {k: found[k] for k in ('purelib', 'platlib', 'include', 'scripts', 'data')}\n" \
	"import site\n"                                                                            \
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
	"print(json.dumps({'executable': sys.executable, 'version': platform.python_version(),\n"  \
	"    'version_info': list(sys.version_info[:3]), 'implementation': "                       \
	"sys.implementation.name,\n"                                                               \
	"    'cache_tag': sys.implementation.cache_tag or '', 'prefix': sys.prefix,\n"             \
	"    'base_prefix': sys.base_prefix, 'stdlib': sysconfig.get_path('stdlib'),\n"            \
	"    'sys_path': [p for p in sys.path if p], 'site': site.getsitepackages(),\n"            \
	"    'user_base': site.getuserbase() or '', 'user_site': site.getusersitepackages() or "   \
	"'',\n"                                                                                    \
	"    'prefix_paths': paths('prefix'), 'user_paths': paths('user'), 'home_paths': "         \
	"paths('home'),\n"                                                                         \
	"    'platlibdir': getattr(sys, 'platlibdir', 'lib'), 'abis': abis, 'gil_disabled': "      \
	"gil,\n"                                                                                   \
	"    'debug': debug, 'platform': sysconfig.get_platform(), 'libc': libc, 'musl': musl,\n"  \
	"    'bits': struct.calcsize('P') * 8,\n"                                                  \
	"    'markers': {'implementation_name': sys.implementation.name,\n"                        \
	"        'implementation_version': impl, 'os_name': os.name,\n"                            \
	"        'platform_machine': platform.machine(),\n"                                        \
	"        'platform_python_implementation': platform.python_implementation(),\n"            \
	"        'platform_release': platform.release(), 'platform_system': platform.system(),\n"  \
	"        'platform_version': platform.version(),\n"                                        \
	"        'python_full_version': platform.python_version(),\n"                              \
	"        'python_version': '.'.join(platform.python_version_tuple()[:2]),\n"               \
	"        'sys_platform': sys.platform}}))\n"
