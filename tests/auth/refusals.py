from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from notifications.auth.identity import Refused


@contextmanager
def refused(reason: str, *, code: int = 1008) -> Iterator[None]:
    """The body must be refused for exactly this reason."""
    with pytest.raises(Refused) as caught:
        yield
    assert (caught.value.reason, caught.value.code) == (reason, code)
