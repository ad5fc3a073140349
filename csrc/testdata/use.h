/* use.h: reads of an accepted plan or command all that a child reads, for AddressSanitizer to look on. */
#include <string.h>

#include "plan.h"

static volatile size_t sink;

static void use_string(const char *bytes, uint32_t at) { sink += strlen(bytes + at); }

static void use_bytes(const char *bytes, uint32_t at, size_t n) {
	for (size_t i = 0; i < n; i++) sink += (unsigned char)bytes[at + i];
}

static void use_plan(const char *b) {
	const struct gaol_plan *p = (const void *)b;
	const struct gaol_step *step = (const void *)(b + p->steps);
	for (uint32_t i = 0; i < p->first[GAOL_STAGES]; i++) {
		const struct gaol_step *s = &step[i];
		switch (s->op) {
		case GAOL_ID_MAP: case GAOL_LINK: case GAOL_BIND: case GAOL_SKELETON: case GAOL_TMPFS: case GAOL_DEVPTS: case GAOL_PROC: case GAOL_SYMLINK:
			use_string(b, s->b); /* fall through */
		case GAOL_HOSTNAME: case GAOL_ROOT: case GAOL_DIR: case GAOL_FILE: case GAOL_PROC_BASE: case GAOL_LIFT: case GAOL_MKDIR:
		case GAOL_TOUCH: case GAOL_DROP: case GAOL_MASK: case GAOL_LANDLOCK_PATH:
			use_string(b, s->a);
			break;
		case GAOL_RLIMIT: use_bytes(b, s->b, sizeof(struct gaol_limit)); break;
		case GAOL_LANDLOCK_RULESET: use_bytes(b, s->a, sizeof(struct gaol_landlock)); break;
		case GAOL_SECCOMP: use_bytes(b, s->a, (size_t)s->b * 8); break;
		}
	}
}

static void use_command(const char *b) {
	const struct gaol_command *c = (const void *)b;
	const uint32_t *table = (const void *)(b + c->table);
	for (uint64_t i = 0; i < (uint64_t)c->nargv + c->nenv + c->ncandidates; i++) use_string(b, table[i]);
	use_bytes(b, c->fds, c->nfds * sizeof(int32_t));
	use_string(b, c->dir);
}
