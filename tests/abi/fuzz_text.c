/* fuzz_text.c: libFuzzer's target for what takes text in gaol.h. Nothing is started. Whatever the bytes are, every function returns, with a number
 * of its own range; and a profile that is accepted comes out of its own text as it went in. */
#include <errno.h>
#include <gaol.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static gaol_sandbox *sandbox;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
	(void)argc, (void)argv;
	gaol_profile *p = gaol_profile_new();
	gaol_profile_allow(p, GAOL_SYSTEM);
	if (!(sandbox = gaol_sandbox_new(p, NULL))) abort();
	gaol_profile_free(p);
	return 0;
}

static void expect(int is_so) {
	if (!is_so) abort();
}

/* handed looks at an error and frees it. */
static void handed(int failed, gaol_error *error) {
	expect(failed == (error != NULL));
	if (!error) return;
	int code = gaol_error_code(error);
	expect(code == GAOL_ERROR_ARGUMENT || code == GAOL_ERROR_PROFILE);
	expect(*gaol_error_message(error) && gaol_error_errno(error) > 0);
	expect(gaol_error_free(error) == 0);
}

static void parsed(const char *name, const char *text, size_t size) {
	gaol_error *error;
	gaol_profile *p = gaol_profile_parse(name, text, size, &error);
	handed(!p, error);
	if (!p) return;
	char *toml = gaol_profile_toml(p, &error);
	handed(!toml, error);
	if (toml) {
		gaol_profile *again = gaol_profile_parse("again.toml", toml, strlen(toml), &error);
		expect(again != NULL);
		char *second = gaol_profile_toml(again, NULL);
		expect(second && !strcmp(toml, second));
		gaol_free(second), gaol_free(toml), gaol_profile_free(again);
	}
	expect(gaol_profile_free(p) == 0);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
	if (size < 4) return 0;
	unsigned a = data[0], b = data[1], c = data[2];
	char *text = malloc(size - 2);
	memcpy(text, data + 3, size - 3), text[size - 3] = 0;
	switch (a % 4) {
	case 0: parsed("f.toml", text, size - 3); break;
	case 1: parsed("f.json", text, size - 3); break;
	case 2: {
		gaol_profile *p = gaol_profile_new();
		gaol_error *error;
		int r = 0;
		switch (b % 9) {
		case 0: r = gaol_profile_allow_path(p, c, b >> 4, text); break;
		case 1: r = gaol_profile_deny_path(p, c, b >> 4, text); break;
		case 2: r = gaol_profile_allow_address(p, 6 + (c & 1), b >> 4, text, (int)(c << 4)); break;
		case 3: r = gaol_profile_allow_name(p, GAOL_SYSCALL | (c & 1 ? GAOL_BEST_EFFORT : 0), text); break;
		case 4: r = gaol_profile_map(p, text, text + c % (size - 2), b >> 4); break;
		case 5: r = gaol_profile_set_env(p, text, text + c % (size - 2)); break;
		case 6: r = gaol_profile_pass_env(p, text); break;
		case 7: r = gaol_profile_set_dir(p, text); break;
		case 8: r = gaol_profile_allow_path(p, GAOL_FILE_READ, GAOL_SUBPATH, text); break;
		}
		expect(r == 0 || r == -EINVAL || r == -E2BIG);
		handed(gaol_profile_check(p, &error) < 0, error);
		gaol_profile_free(p);
		break;
	}
	case 3: {
		const char *list[] = {text, text + b % (size - 2), text + c % (size - 2), NULL};
		gaol_cmd *cmd = gaol_cmd_new(sandbox, list);
		if (!cmd) break;
		gaol_cmd_set_env(cmd, list), gaol_cmd_set_program(cmd, list[1]), gaol_cmd_set_dir(cmd, list[2]);
		expect(gaol_cmd_free(cmd) == 0);
		break;
	}
	}
	free(text);
	return 0;
}
