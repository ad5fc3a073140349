/* cases.h: what the runner of the table needs besides gaol: the parts of a case, the tree and services that it runs in, and text. Whatever fails here
 * ends the program: it is no result. */
#ifndef CASES_H
#define CASES_H

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

/* must ends the program with what, and errno, unless ok. */
void must(int ok, const char *what);

/* text is asprintf; the caller frees it. */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* parsed reads a file of JSON. */
cJSON *parsed(const char *path);

/* results_of opens the file of that name in $GAOL_CASES_RESULTS, or /dev/null. */
FILE *results_of(const char *name);

/* One run of a case in an engine: the case itself, or its twin. All belongs to the table. */
struct part {
	const char *name, *want;
	const cJSON *profile, *action;
};

/* parts_of fills in up to two, and returns how many. */
int parts_of(const cJSON *one, const char *engine, struct part parts[2]);

/* met is whether one of the alternatives of want is what was seen. */
int met(const char *want, const char *saw);

/* joined is always and the case's own: lists are put together, of the rest the case's is taken. The caller deletes it. */
cJSON *joined(const cJSON *always, const cJSON *own);

/* The words ${…} of the table, and what they stand for. */
struct names;

/* grown makes the tree, its sockets included, and the services. felled ends and frees all of it. */
struct names *grown(const cJSON *tree, const char *victim);
void felled(struct names *names);

/* replaced puts in what the words stand for; in_a_line makes of what the victim said what is the same in each run. The caller frees them. */
char *replaced(const struct names *names, const char *in);
char *in_a_line(const struct names *names, const char *said);

#endif
