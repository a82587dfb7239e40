/* SPDX-License-Identifier: MIT */
/* A marker within a requirement. */
#pragma once
#include "resolver/marker.h"
#include "resolver/tokens.h"

/* Parses a marker at t->at and leaves t behind it. */
Marker *marker_parse_tokens(struct tokens *t, GError **error);
