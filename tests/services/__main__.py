"""Name the servers that tests would use: all, or those asked for, and then fail where one is missing."""

import sys

from . import NO_MARIADB, NO_POSTGRES, NO_REDIS, find_mariadb, find_postgres, find_redis

SERVERS = {
    "postgres": (find_postgres, NO_POSTGRES),
    "mariadb": (find_mariadb, NO_MARIADB),
    "redis": (find_redis, NO_REDIS),
}

missing = False
for name in sys.argv[1:] or SERVERS:
    find, reason = SERVERS[name]
    found = find()
    print(f"{type(found).__name__}: {found.source}" if found else reason)
    missing = missing or not found
sys.exit(missing and len(sys.argv) > 1)
