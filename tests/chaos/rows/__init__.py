"""The rows of the table. Importing this puts them all into it, in this order."""

from . import redis, server, clients, database, sends  # noqa: F401, I001
from . import hostile  # noqa: F401
