/* Runs the table of cases, tests/cases.json, through the C library. tests/cases_test.go and bindings/python/tests/test_cases.py do the same with the
 * same words, line by line; the table says what each part of it means. What was seen goes to $GAOL_CASES_RESULTS/c. Usage: cases TABLE VICTIM */
#define _GNU_SOURCE
#include "cases.h"

#include <errno.h>
#include <string.h>

#include <gaol.h>

static gaol_host *host;

static int has(const char *name, int least, int ok) {
	gaol_check check = GAOL_CHECK_INIT;
	for (size_t i = 0; gaol_host_check(host, i, &check) == 0; i++)
		if (strcmp(check.mechanism, name) == 0 && check.ok == ok) return !ok || least <= (strncmp(check.detail, "ABI ", 4) ? 0 : atoi(check.detail + 4));
	return 0;
}

/* lacks says what this host has not, or has; NULL if nothing is in the way. */
static char *lacks(const char *need) {
	const char *name = need;
	int not = strncmp(need, "no ", 3) == 0, least = 0;
	if (not) name += 3;
	if (strncmp(name, "Landlock ", 9) == 0) least = atoi(name + 9), name = "Landlock";
	int there = has(name, least, 1);
	if (there && not) return text("skipped: %s is there", need + 3);
	return !there && !not ? text("skipped: %s is missing", need) : NULL;
}

static char *lacks_any(const char *engine, const cJSON *needs) {
	char *missing = lacks(strcmp(engine, "landlock") == 0 ? "Landlock 2" : "namespaces");
	const cJSON *need;
	cJSON_ArrayForEach(need, needs) if (!missing) missing = lacks(need->valuestring);
	return missing;
}

/* never_ran is the word for an error of what never ran. It frees the error. */
static char *never_ran(gaol_error *error) {
	gaol_unsupported first = GAOL_UNSUPPORTED_INIT;
	const char *number = strerrorname_np(gaol_error_errno(error)), *key = gaol_error_key(error);
	char *word;
	switch (gaol_error_code(error)) {
	case GAOL_ERROR_PROFILE:
		word = text("profile %s", *key ? key : number);
		break;
	case GAOL_ERROR_UNSUPPORTED:
		must(gaol_error_unsupported(error, 0, &first) == 0, "a refusal without a reason");
		word = text("unsupported %s", first.mechanism);
		break;
	case GAOL_ERROR_SETUP:
		word = text("setup %s %s", gaol_error_step(error), number);
		break;
	default:
		word = text("error %s", gaol_error_message(error));
	}
	gaol_error_free(error);
	return word;
}

/* ended is the word for how a program ended; it is what it said if it did so by itself, and said is freed else. */
static char *ended(const gaol_cmd *cmd, char *said) {
	gaol_error *error;
	gaol_report *report = gaol_cmd_report(cmd, &error);
	must(report != NULL, gaol_error_message(error));
	char *json = gaol_report_json(report), *word = said;
	cJSON *all = cJSON_Parse(json), *exit_ = cJSON_GetObjectItem(all, "exit");
	const char *end = cJSON_GetObjectItem(all, "end")->valuestring;
	int code = cJSON_GetObjectItem(exit_, "code")->valueint;
	if (strcmp(end, "signal") == 0) word = text("signal %d", cJSON_GetObjectItem(exit_, "signal")->valueint);
	else if (strcmp(end, "denied") == 0) word = text("denied %s", cJSON_GetObjectItem(cJSON_GetObjectItem(all, "syscall"), "name")->valuestring);
	else if (strcmp(end, "exited") != 0) word = text("%s", end);
	else if (code != 0) word = text("exit %d", code);
	if (word != said) free(said);
	cJSON_Delete(all);
	gaol_free(json);
	gaol_report_free(report);
	return word;
}

static char *run_part(const char *engine, const cJSON *always, const cJSON *own, const cJSON *action, struct names *names) {
	gaol_error *error;
	cJSON *all = joined(always, own);
	char *printed = cJSON_PrintUnformatted(all), *profile_text = replaced(names, printed), *word;
	gaol_profile *profile = gaol_profile_parse("case.json", profile_text, strlen(profile_text), &error);
	gaol_sandbox *sandbox = NULL;
	if (profile) {
		gaol_profile_set_engine(profile, strcmp(engine, "landlock") == 0 ? GAOL_ENGINE_LANDLOCK : GAOL_ENGINE_NAMESPACE);
		sandbox = gaol_sandbox_new(profile, &error);
	}
	cJSON_Delete(all);
	cJSON_free(printed);
	free(profile_text);
	gaol_profile_free(profile);
	if (!sandbox) return never_ran(error);

	char *argv[64] = {replaced(names, "${VICTIM}")};
	const cJSON *argument;
	int argc = 1;
	cJSON_ArrayForEach(argument, action) {
		must(argc < 63, "too many arguments");
		argv[argc++] = replaced(names, argument->valuestring);
	}
	gaol_cmd *cmd = gaol_cmd_new(sandbox, (const char *const *)argv);
	if (!cJSON_HasObjectItem(own, "dir")) gaol_cmd_set_dir(cmd, "/");
	gaol_output output = GAOL_OUTPUT_INIT;
	gaol_run_options options = GAOL_RUN_OPTIONS_INIT;
	options.timeout_ns = 60 * 1000000000LL; /* bounds what could hang; nothing depends on it */
	if (gaol_cmd_capture(cmd, &options, &output, &error) < 0) word = never_ran(error);
	else word = ended(cmd, in_a_line(names, output.out));
	gaol_free(output.out), gaol_free(output.err);
	gaol_cmd_free(cmd);
	gaol_sandbox_free(sandbox);
	for (int i = 0; i < argc; i++) free(argv[i]);
	return word;
}

int main(int argc, char **argv) {
	static const char *const engines[] = {"namespace", "landlock"};
	must(argc == 3, "usage: cases TABLE VICTIM");
	cJSON *table = parsed(argv[1]);
	const cJSON *always = cJSON_GetObjectItem(table, "always"), *one;
	FILE *results = results_of("c");
	gaol_error *error;
	int ncases = 0, nruns = 0, nskipped = 0, nwrong = 0;
	setenv("GAOL_CASES_WORD", "passed", 1);
	must((host = gaol_host_probe(&error)) != NULL, gaol_error_message(error));

	cJSON_ArrayForEach(one, cJSON_GetObjectItem(table, "cases")) {
		const char *name = cJSON_GetObjectItem(one, "name")->valuestring;
		ncases++;
		for (int e = 0; e < 2; e++) {
			struct part parts[2];
			int n = parts_of(one, engines[e], parts);
			for (int i = 0; i < n; i++) {
				char *saw = lacks_any(engines[e], cJSON_GetObjectItem(one, "needs"));
				if (!saw) {
					struct names *names = grown(cJSON_GetObjectItem(table, "tree"), argv[2]);
					saw = run_part(engines[e], always, parts[i].profile, parts[i].action, names);
					felled(names);
				}
				int right = met(parts[i].want, saw);
				if (!right && strncmp(saw, "unsupported ", 12) == 0 && has(saw + 12, 0, 0)) saw = text("skipped: %s is missing", saw + 12);
				fprintf(results, "%s\t%s\t%s\t%s\n", name, engines[e], parts[i].name, saw);
				if (strncmp(saw, "skipped: ", 9) == 0) {
					printf("skipped: %s, %s, %s engine: %s\n", name, parts[i].name, engines[e], saw + 9), nskipped++;
				} else {
					nruns++;
					if (!right) printf("WRONG: %s, %s, %s engine: %s, want %s\n", name, parts[i].name, engines[e], saw, parts[i].want), nwrong++;
				}
				free(saw);
			}
		}
	}
	must(fclose(results) == 0, "the results");
	printf("%d cases: %d runs, %d wrong, %d skipped\n", ncases, nruns, nwrong, nskipped);
	cJSON_Delete(table);
	gaol_host_free(host);
	return nwrong != 0 || nruns == 0;
}
