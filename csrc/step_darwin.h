/* step_darwin.h: what the caller asks of Seatbelt beside the steps of a plan. */
#ifndef GAOL_STEP_DARWIN_H
#define GAOL_STEP_DARWIN_H

#include <stdint.h>

/* gaol_seatbelt_symbols says which functions this system has: GAOL_SEATBELT_* flags. Without one of the first two nothing can be enforced. */
int gaol_seatbelt_symbols(void);
#define GAOL_SEATBELT_COMPILES 1 /* a profile can be compiled before the fork */
#define GAOL_SEATBELT_INITS 2    /* the child can compile it */
#define GAOL_SEATBELT_CHECKS 4   /* sandbox_check */

/* gaol_seatbelt_try applies a profile in a child that then ends, and looks whether that denies anything: 0, or an errno with the system's words in
 * text, of GAOL_SEATBELT_TEXT bytes. */
int gaol_seatbelt_try(char *text);
#define GAOL_SEATBELT_TEXT 1024

/* gaol_seatbelt_inside says that this process is in a sandbox already: the kernel then refuses another, with EPERM. */
int gaol_seatbelt_inside(void);

/* gaol_seatbelt_may_look_up says what the sandbox of a process, if it has one, says to a lookup of a Mach service: 0, it may; 1, it may not;
 * below 0: the process is gone, or cannot be asked. Nothing is logged. */
int gaol_seatbelt_may_look_up(int pid, const char *name);

/* gaol_seatbelt_path fills out, of GAOL_SEATBELT_TEXT bytes, with a path as the kernel writes it; gaol_seatbelt_time fills *ns with the
 * processor time that a process has used. Both return 0 or an errno. */
int gaol_seatbelt_path(const char *path, char *out);
int gaol_seatbelt_time(int pid, uint64_t *ns);

#endif
