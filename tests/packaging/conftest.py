"""The wheel is the same whatever database and layer a run tests: once is enough."""

import os

collect_ignore_glob = ["test_*.py"] if os.environ.get("NOTIFICATIONS_TEST_SERVICES") == "1" else []
