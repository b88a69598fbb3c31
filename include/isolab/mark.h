/* SPDX-License-Identifier: Apache-2.0
 *
 * Marks of an application for `isolab watch`: one write(2) to the trace each, of some 0.5 us. C99
 * and C++, nothing to link. Without isolab they do nothing: the file is that of the environment
 * variable ISOLAB_MARKER, which `isolab watch -- COMMAND` sets, or that of isolab_mark_open().
 *
 *   isolab_mark_begin("cycle");
 *   ... the work with a deadline ...
 *   isolab_mark_end("cycle");     longer than --mark-over cycle=100us: the trace is frozen
 *
 *   if (late) isolab_mark_stop("late");      it is frozen at once
 *
 * A name is a word of up to 48 characters. begin and end belong together by name and thread.
 */
#ifndef ISOLAB_MARK_H
#define ISOLAB_MARK_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The file of marks of this source file; -1: none. `path` NULL: of the environment. */
static inline int isolab_mark_open(const char* path) {
  static int file = -2;
  if (path != NULL || file == -2) {
    if (path == NULL) path = getenv("ISOLAB_MARKER");
    file = path == NULL ? -1 : open(path, O_WRONLY | O_CLOEXEC);
  }
  return file;
}

static inline void isolab_mark(const char* verb, const char* name) {
  char text[80];
  const int file = isolab_mark_open(NULL);
  int length;
  if (file < 0) return;
  length = snprintf(text, sizeof text, "isolab %s %.48s", verb, name);
  if (length > 0 && write(file, text, (size_t)length) < 0) return; /* nothing is recorded now */
}

static inline void isolab_mark_begin(const char* name) { isolab_mark("begin", name); }
static inline void isolab_mark_end(const char* name) { isolab_mark("end", name); }
static inline void isolab_mark_stop(const char* name) { isolab_mark("stop", name); }

#endif
