/* quiet.h: a write that does not raise SIGPIPE, whatever the host does with that. */
#ifndef GAOL_QUIET_H
#define GAOL_QUIET_H

#include <sys/types.h>

/* quiet_write is write(2), or a negative errno. */
ssize_t quiet_write(int fd, const void *bytes, size_t size);

#endif
