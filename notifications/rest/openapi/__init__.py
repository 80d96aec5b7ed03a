"""What the REST API is, as an OpenAPI 3.1 document: for people, for clients' generators, and for our own tests.

Kept by hand, because a generator sees none of the views' parameters and answers. It is built for each site, since
the address, the type of a user's key, the registered types and some names are the site's own; limits are taken from
the code that enforces them.
"""

from __future__ import annotations

from typing import Any

from ... import __version__
from .answers import ANSWERS, HEADERS
from .bodies import sent
from .deliveries import delivery_schemas
from .operations import paths
from .preferences import preference_schemas
from .push import push_schemas
from .schemas import ANSWERED
from .security import REQUIRED, schemes

DESCRIPTION = """\
A durable inbox of notifications for each user.

Every address works with and without a final slash and never redirects. `HEAD` works wherever `GET` does. In the
query string an empty parameter (`?type=`) counts as absent, and an unknown one is ignored; so is an unknown field
of a body, except among preferences, where it is a 400.

**Who asks.** A key of a user's acts for that user; so does a session. The site's service key acts for anybody: name
the user with `?user_id=…` wherever that is a parameter, or it is a 400. The site's own REST authentication classes
count, too, though they are not described here. An `X-API-Key` or `Authorization: Api-Key …` that is there must be
right; send one of the two.

**Errors** are `{"field": ["sentence"]}` where a field is to blame, else `{"detail": "sentence"}`. A method that an
address does not have is answered with 405 and `Allow`.
"""


def document(root: str) -> dict[str, Any]:
    """The description of the API that is reached below ``root``: a path, empty or without a final slash."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "django-live-notifications",
            "version": __version__,
            "description": DESCRIPTION,
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": root or "/"}],
        "security": REQUIRED,
        "paths": paths(),
        "components": {
            "schemas": {**ANSWERED, **sent(), **preference_schemas(), **delivery_schemas(), **push_schemas()},
            "responses": ANSWERS,
            "headers": HEADERS,
            "securitySchemes": schemes(),
        },
    }
