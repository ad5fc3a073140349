/* plan.c: the one check of a plan and of a command, made in the parent before any child exists.
 * It must accept nothing that could make the child read outside of the bytes, and must not itself read outside of them. */
#include "plan.h"

#include <string.h>

enum arg { ANY, STR, PATH, SLOT, LANDLOCK, PORT, LIMIT, FILTER, SELF, PARAMETERS, RIGHTS, ZERO };

#define BUILD GAOL_STAGE_BUILD
#define INIT GAOL_STAGE_INIT
#define PROGRAM GAOL_STAGE_PROGRAM
#define CONFINE GAOL_STAGE_CONFINE

static const struct rule {
	uint8_t known, stage, a, b;
	uint16_t flags; /* those allowed */
} rules[GAOL_OPS] = {
	[GAOL_ID_MAP] = {1, BUILD, STR, STR, 0},
	[GAOL_HOSTNAME] = {1, BUILD, STR, ZERO, 0},
	[GAOL_DETACH] = {1, BUILD, ZERO, ZERO, 0},
	[GAOL_ROOT] = {1, BUILD, STR, ZERO, 0},
	[GAOL_DIR] = {1, BUILD, PATH, ANY, 0},
	[GAOL_FILE] = {1, BUILD, PATH, ZERO, 0},
	[GAOL_LINK] = {1, BUILD, PATH, STR, 0},
	[GAOL_BIND] = {1, BUILD, PATH, PATH, GAOL_BIND_ALL},
	[GAOL_SKELETON] = {1, BUILD, PATH, STR, 0},
	[GAOL_PROC_BASE] = {1, BUILD, PATH, ZERO, 0},
	[GAOL_PIVOT] = {1, BUILD, ZERO, ZERO, 0},
	[GAOL_SEAL] = {1, BUILD, PATH, ZERO, 0},
	[GAOL_KEEP_RULESET] = {1, BUILD, LANDLOCK, ZERO, 0},
	[GAOL_KEEP_PATH] = {1, BUILD, PATH, ANY, 0},
	[GAOL_KEEP_PORT] = {1, BUILD, PORT, ANY, 0},
	[GAOL_LIFT] = {1, INIT, PATH, SLOT, 0},
	[GAOL_TMPFS] = {1, INIT, PATH, STR, GAOL_BIND_NOEXEC},
	[GAOL_POOL] = {1, INIT, PATH, STR, 0},
	[GAOL_SHARE] = {1, INIT, PATH, ANY, GAOL_BIND_NOEXEC},
	[GAOL_DEVPTS] = {1, INIT, PATH, STR, 0},
	[GAOL_MQUEUE] = {1, INIT, PATH, ZERO, 0},
	[GAOL_PROC] = {1, INIT, PATH, STR, 0},
	[GAOL_MKDIR] = {1, INIT, PATH, ANY, 0},
	[GAOL_TOUCH] = {1, INIT, PATH, ZERO, 0},
	[GAOL_DROP] = {1, INIT, PATH, SLOT, 0},
	[GAOL_SYMLINK] = {1, INIT, PATH, STR, 0},
	[GAOL_MASK] = {1, INIT, PATH, ZERO, 0},
	[GAOL_MOUNTED] = {1, INIT, PATH, ZERO, 0},
	[GAOL_SCOPE] = {1, INIT, ZERO, ZERO, 0},
	[GAOL_NO_NEW_PRIVS] = {1, PROGRAM, ZERO, ZERO, 0},
	[GAOL_LANDLOCK_KEPT] = {1, CONFINE, ZERO, ZERO, 0},
	[GAOL_LANDLOCK_RULESET] = {1, CONFINE, LANDLOCK, ZERO, 0},
	[GAOL_LANDLOCK_PATH] = {1, CONFINE, PATH, ANY, GAOL_RULE_ALL},
	[GAOL_LANDLOCK_PORT] = {1, CONFINE, PORT, ANY, 0},
	[GAOL_LANDLOCK_ENFORCE] = {1, CONFINE, ZERO, ZERO, 0xffff},
	[GAOL_DROP_CAPS] = {1, PROGRAM, ZERO, ZERO, GAOL_CAPS_HELD},
	[GAOL_RLIMIT] = {1, PROGRAM, ANY, LIMIT, 0},
	[GAOL_LIMITS] = {1, CONFINE, ZERO, ZERO, 0},
	[GAOL_SECCOMP_SELF] = {1, CONFINE, SELF, ANY, 0},
	[GAOL_SECCOMP] = {1, CONFINE, FILTER, ANY, GAOL_FILTER_TOLD},
	[GAOL_SEATBELT] = {1, CONFINE, STR, PARAMETERS, 0},
	[GAOL_CAP_OPEN] = {1, CONFINE, PATH, RIGHTS, GAOL_CAP_ALL},
	[GAOL_CAP_ENTER] = {1, CONFINE, ZERO, ZERO, GAOL_CAP_TRAP},
	[GAOL_JAIL_ROOT] = {1, INIT, STR, ZERO, 0},
	[GAOL_JAIL_POOL] = {1, INIT, STR, ZERO, 0},
	[GAOL_JAIL_DIR] = {1, INIT, PATH, ANY, 0},
	[GAOL_JAIL_LINK] = {1, INIT, PATH, STR, 0},
	[GAOL_JAIL_COPY] = {1, INIT, PATH, PATH, 0},
	[GAOL_JAIL_NULLFS] = {1, INIT, PATH, PATH, GAOL_JAIL_FLAGS},
	[GAOL_JAIL_PRIVATE] = {1, INIT, PATH, ANY, GAOL_BIND_NOEXEC},
	[GAOL_JAIL_EMPTY] = {1, INIT, PATH, ZERO, 0},
	[GAOL_JAIL_DEVFS] = {1, INIT, PATH, ZERO, 0},
	[GAOL_JAIL_SEAL] = {1, INIT, ZERO, ZERO, 0},
	[GAOL_JAIL_ATTACH] = {1, PROGRAM, PARAMETERS, PARAMETERS, 0},
	[GAOL_JAIL_CONFINE] = {1, CONFINE, ZERO, ZERO, 0},
};

/* CLONE_NEW* (sched.h) */
#define TEMPLATE_ALWAYS (0x10000000u | 0x00020000u)                  /* user, mount */
#define TEMPLATE (TEMPLATE_ALWAYS | 0x08000000u | 0x04000000u | 0x40000000u) /* ipc, uts, net */
#define FRESH_ALWAYS (0x00020000u | 0x20000000u)                     /* mount, pid */
#define FRESH (FRESH_ALWAYS | 0x02000000u | 0x08000000u | 0x40000000u) /* cgroup, ipc, net */

/* Steps of the other systems are none here: no function does them. */
#if defined(__linux__) && !defined(GAOL_POSIX)
#define HERE(op) ((op) < GAOL_SEATBELT)
#define JAIL_VIEW(op) 0
#else
#if defined(__APPLE__)
#define OWN(op) ((op) == GAOL_SEATBELT)
#elif defined(__FreeBSD__)
#define OWN(op) ((op) != GAOL_SEATBELT)
#else /* in tests */
#define OWN(op) 1
#endif
#define JAIL_VIEW(op) ((op) >= GAOL_JAIL_ROOT && (op) <= GAOL_JAIL_SEAL)
#define HERE(op) (((op) >= GAOL_SEATBELT && OWN(op)) || (op) == GAOL_RLIMIT || (op) == GAOL_LIMITS)
#endif

#define BPF_MAXINSNS 4096u /* include/uapi/linux/bpf_common.h */
#define FILTER_SIZE 8u     /* sizeof(struct sock_filter) */

static int within(size_t size, uint32_t offset, uint64_t length, uint32_t align) {
	return offset % align == 0 && offset <= size && length <= size - offset;
}

static int text(const char *bytes, size_t size, uint32_t offset) {
	return offset < size && memchr(bytes + offset, 0, size - offset) != NULL;
}

static const char *check_parameters(const char *bytes, size_t size, uint32_t offset) {
	if (!within(size, offset, sizeof(struct gaol_parameters), 4)) return "parameters outside of the plan";
	const struct gaol_parameters *p = (const void *)(bytes + offset);
	if (p->count % 2 != 0) return "a parameter without a value";
	if (!within(size, offset + 4, (uint64_t)p->count * 4, 4)) return "parameters outside of the plan";
	for (uint32_t i = 0; i < p->count; i++)
		if (!text(bytes, size, p->strings[i])) return "a string outside of the plan";
	return NULL;
}

static const char *check_arg(const char *bytes, size_t size, const struct gaol_step *s, int kind, uint32_t value) {
	switch (kind) {
	case STR: return text(bytes, size, value) ? NULL : "a string outside of the plan";
	case PATH:
		if (!text(bytes, size, value)) return "a string outside of the plan";
		return bytes[value] == '/' ? NULL : "a path that is not absolute";
	case ZERO: return value == 0 ? NULL : "an argument that the step does not take";
	case SLOT: return value < GAOL_SLOTS ? NULL : "a slot past the last one";
	case LANDLOCK:
		if (!within(size, value, sizeof(struct gaol_landlock), 8)) return "a ruleset outside of the plan";
		return ((const struct gaol_landlock *)(const void *)(bytes + value))->size <= 24 ? NULL : "a ruleset of unknown size";
	case PORT: return value <= 65535 ? NULL : "a port past the last one";
	case RIGHTS: {
		if (!within(size, value, sizeof(struct gaol_rights), 8)) return "rights outside of the plan";
		const struct gaol_rights *r = (const void *)(bytes + value);
		return (r->word[0] | r->word[1]) & ~(uint64_t)GAOL_RIGHTS_WORD ? "rights that are none" : NULL;
	}
	case PARAMETERS: return check_parameters(bytes, size, value);
	case LIMIT: return within(size, value, sizeof(struct gaol_limit), 8) ? NULL : "a limit outside of the plan";
	case SELF:
		if (s->b > GAOL_SELF_MAX) return "a filter for the process itself that is too long";
		/* fall through */
	case FILTER:
		if (s->flags & GAOL_FILTER_TOLD && s->b > GAOL_TOLD_MAX) return "a filter that the child has no room to change";
		if (s->b == 0 || s->b > BPF_MAXINSNS) return "a filter of a length that the kernel refuses";
		return within(size, value, (uint64_t)s->b * FILTER_SIZE, 8) ? NULL : "a filter outside of the plan";
	}
	return NULL;
}

const char *gaol_plan_check(const void *plan, size_t size) {
	const char *bytes = plan;
	const struct gaol_plan *p = plan;

	if (bytes == NULL || (uintptr_t)bytes % 8 != 0) return "no plan, or one that is not aligned to 8";
	if (size < sizeof *p || size > GAOL_PLAN_MAX) return "a size outside of the limits";
	if (p->magic != GAOL_PLAN_MAGIC) return "not a plan";
	if (p->version != GAOL_PLAN_VERSION) return "a plan of another version";
	if (p->size != size || p->reserved != 0) return "a header that contradicts itself";
	int own = (p->namespaces | p->fresh) != 0; /* namespaces: all that the steps rely on, or none at all */
	if (own && (p->namespaces & ~TEMPLATE || (p->namespaces & TEMPLATE_ALWAYS) != TEMPLATE_ALWAYS || p->fresh & ~FRESH || (p->fresh & FRESH_ALWAYS) != FRESH_ALWAYS))
		return "namespaces that the steps cannot do with, or without";
	if (p->first[0] != 0) return "stages that do not start at the first step";
	for (int i = 0; i < GAOL_STAGES; i++)
		if (p->first[i] > p->first[i + 1]) return "stages out of order";
	uint32_t count = p->first[GAOL_STAGES];
	if (!within(size, p->steps, (uint64_t)count * sizeof(struct gaol_step), 8)) return "steps outside of the plan";

	const struct gaol_step *step = (const void *)(bytes + p->steps);
	uint64_t lifted = 0;
	int ruleset = 0, kept = 0, pool = 0, seatbelt = 0, entered = 0, loader = 0;
	int root = 0, sealed = 0, attached = 0; /* of a jail */
	uint32_t opened = 0;
	for (uint32_t stage = 0, i = 0; i < count; i++) {
		const struct gaol_step *s = &step[i];
		while (i >= p->first[stage + 1]) stage++;
		if (s->op >= GAOL_OPS || !rules[s->op].known) return "an unknown step";
		if (!HERE(s->op)) return "a step of another system";
		const struct rule *r = &rules[s->op];
		if (r->stage != stage) return "a step in another stage than its own";
		if (s->flags & ~r->flags) return "unknown flags";
		/* these act on what the caller would see, too */
		int shared = JAIL_VIEW(s->op) || s->op == GAOL_SCOPE || (s->op >= GAOL_KEEP_RULESET && s->op <= GAOL_KEEP_PORT);
		if (!own && stage < PROGRAM && !shared) return "a step that needs namespaces, without any";
		if (own && (shared || s->op == GAOL_LANDLOCK_KEPT)) return "a step for the caller's namespaces, in others";
		const char *bad = check_arg(bytes, size, s, r->a, s->a);
		if (bad == NULL) bad = check_arg(bytes, size, s, r->b, s->b);
		if (bad != NULL) return bad;
		/* what the child keeps from one step to another must be there when it is used */
		if (entered) return "a step behind capability mode";
		if (sealed && JAIL_VIEW(s->op)) return "a step behind the seal of the root";
		if (JAIL_VIEW(s->op) && s->op != GAOL_JAIL_ROOT && !root) return "a view without a root";
		if (root && !attached && stage >= PROGRAM && s->op != GAOL_JAIL_ATTACH) return "a step before the jail";
		switch (s->op) {
		case GAOL_JAIL_ROOT:
			if (root++) return "a second root";
			break;
		case GAOL_JAIL_POOL:
			if (pool++) return "a second pool";
			break;
		case GAOL_JAIL_PRIVATE:
		case GAOL_JAIL_EMPTY:
			if (pool == 0) return "a share without a pool";
			break;
		case GAOL_JAIL_SEAL: sealed = 1; break;
		case GAOL_JAIL_ATTACH:
			if (!sealed || attached++) return "a jail without a view of its own";
			break;
		case GAOL_JAIL_CONFINE:
			if (!attached) return "a jail that is not entered";
			entered = 1;
			break;
		case GAOL_CAP_OPEN:
			if (++opened > GAOL_CAP_MAX) return "too many descriptors of one plan";
			if (s->flags & GAOL_CAP_LOADER && loader++) return "a second run-time linker";
			break;
		case GAOL_CAP_ENTER:
			entered = 1;
			break;
		case GAOL_LIFT:
			if (lifted >> s->b & 1) return "a slot that is filled twice";
			lifted |= 1ull << s->b;
			break;
		case GAOL_DROP:
			if (!(lifted >> s->b & 1)) return "a slot that is empty";
			lifted &= ~(1ull << s->b);
			break;
		case GAOL_POOL:
			if (pool++) return "a second pool";
			break;
		case GAOL_SHARE:
			if (pool == 0) return "a share without a pool";
			break;
		case GAOL_SEATBELT:
			if (seatbelt++) return "a second profile";
			break;
		case GAOL_KEEP_RULESET:
			if (kept++) return "a second ruleset to keep";
			break;
		case GAOL_KEEP_PATH:
		case GAOL_KEEP_PORT:
			if (kept == 0) return "a rule to keep without a ruleset";
			break;
		case GAOL_LANDLOCK_RULESET:
			if (ruleset++) return "a second ruleset";
			break;
		case GAOL_LANDLOCK_PATH:
		case GAOL_LANDLOCK_PORT:
		case GAOL_LANDLOCK_ENFORCE:
			if (ruleset != 1) return "a rule without a ruleset";
			if (s->op == GAOL_LANDLOCK_ENFORCE) ruleset = 2;
			break;
		}
	}
	if (lifted != 0) return "a tree that is lifted and not put down";
	if (opened != 0 && attached) return "descriptors in a jail";
	if (opened != 0 && !entered) return "descriptors without capability mode";
	if (root && !entered) return "a jail that is not entered";
	if (ruleset == 1) return "a ruleset that is not enforced";
	return NULL;
}

/* 0 is root, and 2^32-1 means "as it is" to the calls that set an id. */
static int somebody(uint32_t id) { return id != 0 && id != UINT32_MAX; }

static const char *check_credential(const char *bytes, size_t size, uint32_t offset) {
	if (!within(size, offset, sizeof(struct gaol_credential), 4)) return "a credential outside of the command";
	const struct gaol_credential *c = (const void *)(bytes + offset);
	if (!somebody(c->uid) || !somebody(c->gid)) return "a credential of root or of nobody";
	if (c->ngroups > GAOL_GROUPS_MAX) return "too many groups";
	if (!within(size, c->groups, (uint64_t)c->ngroups * 4, 4)) return "groups outside of the command";
	const uint32_t *groups = (const void *)(bytes + c->groups);
	for (uint32_t i = 0; i < c->ngroups; i++)
		if (!somebody(groups[i])) return "a credential of root or of nobody";
	return text(bytes, size, c->uid_map) && text(bytes, size, c->gid_map) ? NULL : "a map outside of the command";
}

const char *gaol_command_check(const void *command, size_t size) {
	const char *bytes = command;
	const struct gaol_command *c = command;

	if (bytes == NULL || (uintptr_t)bytes % 8 != 0) return "no command, or one that is not aligned to 8";
	if (size < sizeof *c || size > GAOL_PLAN_MAX) return "a size outside of the limits";
	if (c->magic != GAOL_COMMAND_MAGIC || c->size != size) return "not a command";
	uint64_t strings = (uint64_t)c->nargv + c->nenv + c->ncandidates;
	if (c->nargv == 0 || c->ncandidates == 0) return "no arguments or no program";
	if (!within(size, c->table, strings * 4, 4)) return "a table outside of the command";
	if (c->nfds < 3 || c->nfds > GAOL_FDS_MAX) return "too few or too many descriptors";
	if (!within(size, c->fds, (uint64_t)c->nfds * 4, 4)) return "descriptors outside of the command";
	if (c->tty < -1 || c->tty >= (int64_t)c->nfds) return "a terminal that is not among the descriptors";
	if (c->foreground > 1) return "a header that contradicts itself";
	if (c->umask > 0777 + 1) return "a umask that is none";
	if (!text(bytes, size, c->dir)) return "a directory outside of the command";
	if (!text(bytes, size, c->disk) || !text(bytes, size, c->place)) return "options outside of the command";
	if (c->cpu != 0 && (c->processors == 0 || c->cpu > INT64_MAX)) return "a limit of processor time that cannot be watched";
	if (c->nlimits > GAOL_LIMITS_MAX || !within(size, c->limits, (uint64_t)c->nlimits * sizeof(struct gaol_rlimit), 8)) return "limits outside of the command";
	const uint32_t *table = (const void *)(bytes + c->table);
	for (uint64_t i = 0; i < strings; i++)
		if (!text(bytes, size, table[i])) return "a string outside of the command";
	const int32_t *fds = (const void *)(bytes + c->fds);
	for (uint32_t i = 0; i < c->nfds; i++)
		if (fds[i] < 0) return "a descriptor below zero";
	return c->credential == 0 ? NULL : check_credential(bytes, size, c->credential);
}
