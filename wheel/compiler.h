/* SPDX-License-Identifier: MIT */
/* One interpreter process that compiles what it is sent. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum compiler_answer {
	COMPILER_CODE,	  /* a .pyc */
	COMPILER_REFUSED, /* the source is not valid: it will never compile */
	COMPILER_FAILED,  /* it could not be read, or memory ran out */
	COMPILER_GONE	  /* the process ended */
};

typedef struct Compiler Compiler;
/* Starts `python -I -S`. hash: PEP 552 checked hashes instead of times. NULL if it cannot start. */
Compiler *compiler_new(const char *python, bool hash);
void compiler_free(Compiler *compiler); /* kills it */
/* Asks for the code of a source file, which is to be called `name`. Answers come in the order of
 * the questions; at most COMPILER_WINDOW may be open. false: the process is gone. */
enum { COMPILER_WINDOW = 6 };
bool compiler_ask(Compiler *compiler, const char *source, const char *name);
enum compiler_answer compiler_wait(Compiler *compiler, uint8_t **code, size_t *length);
