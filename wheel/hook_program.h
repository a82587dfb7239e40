/* SPDX-License-Identifier: MIT */
/* The program that calls a build back end's hooks (PEP 517, PEP 660) in the build interpreter:
 * reads order.json beside itself, writes answer.json there. */
#pragma once

#define HOOK_PROGRAM                                                                               \
	"import importlib, json, os, sys, traceback\n"                                             \
	"from importlib.machinery import PathFinder\n"                                             \
	"here = os.path.dirname(os.path.abspath(__file__))\n"                                      \
	"sys.path[:] = [p for p in sys.path if p and os.path.abspath(p) != here]\n"                \
	"class Unavailable(Exception):\n"                                                          \
	"    pass\n"                                                                               \
	"class Missing(Exception):\n"                                                              \
	"    pass\n"                                                                               \
	"class InTree:\n"                                                                          \
	"    # backend-path: the back end comes from these folders or not at all\n"                \
	"    def __init__(self, paths, module):\n"                                                 \
	"        self.paths, self.module = paths, module\n"                                        \
	"    def find_spec(self, name, path=None, target=None):\n"                                 \
	"        if '.' in name:\n"                                                                \
	"            return None\n"                                                                \
	"        spec = PathFinder.find_spec(name, self.paths)\n"                                  \
	"        if spec is None and name == self.module.partition('.')[0]:\n"                     \
	"            raise Unavailable('Cannot find module %r in %r' % (self.module, "             \
	"self.paths))\n"                                                                           \
	"        return spec\n"                                                                    \
	"    def find_distributions(self, context=None):\n"                                        \
	"        from importlib.metadata import DistributionFinder, MetadataPathFinder\n"          \
	"        context = DistributionFinder.Context(path=self.paths)\n"                          \
	"        return MetadataPathFinder.find_distributions(context)\n"                          \
	"def load(order):\n"                                                                       \
	"    module, _, names = order['backend'].partition(':')\n"                                 \
	"    if order['paths']:\n"                                                                 \
	"        sys.meta_path.insert(0, InTree(order['paths'], module))\n"                        \
	"    try:\n"                                                                               \
	"        found = importlib.import_module(module)\n"                                        \
	"    except ImportError:\n"                                                                \
	"        raise Unavailable(traceback.format_exc().strip().splitlines()[-1])\n"             \
	"    for name in names.split('.') if names else []:\n"                                     \
	"        found = getattr(found, name)\n"                                                   \
	"    return found\n"                                                                       \
	"def hook_of(backend, name):\n"                                                            \
	"    hook = getattr(backend, name, None)\n"                                                \
	"    if hook is None:\n"                                                                   \
	"        raise Missing(name)\n"                                                            \
	"    return hook\n"                                                                        \
	"def metadata_of(wheel, folder):\n"                                                        \
	"    import re, zipfile\n"                                                                 \
	"    with zipfile.ZipFile(wheel) as archive:\n"                                            \
	"        names = [n for n in archive.namelist() if "                                       \
	"re.match(r'[^/\\\\]+-[^/\\\\]+\\.dist-info/', n)]\n"                                      \
	"        if not names:\n"                                                                  \
	"            raise Exception('No .dist-info folder found in wheel')\n"                     \
	"        archive.extractall(folder, names)\n"                                              \
	"    return names[0].split('/')[0]\n"                                                      \
	"def run(order, answer):\n"                                                                \
	"    backend, name, settings = load(order), order['hook'], order['settings']\n"            \
	"    if name == 'features':\n"                                                             \
	"        return hasattr(backend, 'build_editable')\n"                                      \
	"    if name.startswith('get_requires_for_'):\n"                                           \
	"        hook = getattr(backend, name, None)\n"                                            \
	"        return list(hook(settings)) if hook else []\n"                                    \
	"    folder = order['folder']\n"                                                           \
	"    if not name.startswith('prepare_metadata_for_'):\n"                                   \
	"        return hook_of(backend, name)(folder, settings, order['metadata'])\n"             \
	"    hook = getattr(backend, name, None)\n"                                                \
	"    if hook:\n"                                                                           \
	"        return hook(folder, settings)\n"                                                  \
	"    wheel = hook_of(backend, name.replace('prepare_metadata_for_', ''))(folder, "         \
	"settings)\n"                                                                              \
	"    answer['wheel'] = wheel\n"                                                            \
	"    return metadata_of(os.path.join(folder, wheel), folder)\n"                            \
	"with open(os.path.join(here, 'order.json'), encoding='utf-8') as file:\n"                 \
	"    order = json.load(file)\n"                                                            \
	"answer = {}\n"                                                                            \
	"try:\n"                                                                                   \
	"    answer['return'] = run(order, answer)\n"                                              \
	"except Unavailable as why:\n"                                                             \
	"    answer['unavailable'] = str(why)\n"                                                   \
	"except Missing as why:\n"                                                                 \
	"    answer['missing'] = str(why)\n"                                                       \
	"with open(os.path.join(here, 'answer.json'), 'w', encoding='utf-8') as file:\n"           \
	"    json.dump(answer, file)\n"

/* sitecustomize.py of an isolated environment: what the interpreter brings stays, its site-packages
 * (and what their .pth files add) go, the folders of `{folders}` (a JSON list) come. */
#define HOOK_SITECUSTOMIZE                                                                         \
	"import json, os, site, sys\n"                                                             \
	"kept, sys.path = sys.path, []\n"                                                          \
	"known = set()\n"                                                                          \
	"for folder in site.getsitepackages():\n"                                                  \
	"    site.addsitedir(folder, known)\n"                                                     \
	"outside = {os.path.normcase(path) for path in sys.path}\n"                                \
	"sys.path = [path for path in kept if os.path.normcase(path) not in outside]\n"            \
	"with open(os.path.join(os.path.dirname(__file__), 'folders.json'), encoding='utf-8') "    \
	"as file:\n"                                                                               \
	"    for folder in json.load(file):\n"                                                     \
	"        site.addsitedir(folder)\n"
