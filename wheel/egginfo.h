/* SPDX-License-Identifier: MIT */
/* requires.txt of an egg-info folder: dependencies as setuptools wrote them before PKG-INFO had
 * Requires-Dist. */
#pragma once
#include "wheel/metadata.h"

/* Adds the dependencies and extras as Requires-Dist and Provides-Extra, unless the metadata has
 * its own. `text` is the whole file. */
void egginfo_add_requires(Metadata *metadata, const char *text);
