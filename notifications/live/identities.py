"""Find out who opens a socket, with one query for many who come with a key at the same time."""

from __future__ import annotations

from ..auth.handshake import Handshake, Scope, authenticate_keys, authenticate_person, read
from ..auth.identity import Identity, Refused
from .executor import run_db
from .together import Together


class Identities(Together[Handshake, Identity | Refused]):
    """Whose keys these are."""

    def __init__(self) -> None:
        super().__init__(self._authenticate)

    @staticmethod
    async def _authenticate(handshakes: list[Handshake]) -> list[Identity | Refused]:
        return await run_db(authenticate_keys, handshakes)

    async def identify(self, scope: Scope) -> Identity | Refused:
        """Who opens this socket, or why nobody may."""
        handshake = read(scope)
        if isinstance(handshake, Refused):
            return handshake
        if handshake.key is not None:
            return await self.get(handshake)
        # A session's engine and a backend are the site's, and may be slow: on their own, so that no other waits.
        return await run_db(authenticate_person, handshake)
