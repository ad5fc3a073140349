#include "../freebsd.h"
