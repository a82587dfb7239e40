/* SPDX-License-Identifier: MIT */
/* Texts as Python's repr() shows them: pip's messages and `config list` quote values so. */
#pragma once

/* 'text' with Python's choice of quotes and escapes; invalid UTF-8 becomes \xHH. New string. */
char *repr_string(const char *text);
