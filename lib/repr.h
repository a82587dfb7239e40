/* SPDX-License-Identifier: MIT */
/* Texts as Python's repr() shows them: pip's messages and `config list` quote values so. */
#pragma once
#include "lib/json.h"

/* 'text' with Python's choice of quotes and escapes; invalid UTF-8 becomes \xHH. New string. */
char *repr_string(const char *text);
/* A parsed value as Python shows it: {'a': [1, True, None]}. New string. */
char *repr_json(struct json value);
