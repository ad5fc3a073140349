#include "../../freebsd.h"
