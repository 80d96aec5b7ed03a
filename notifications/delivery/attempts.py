"""Deliver what was claimed: look whether it is still wanted, hand it to the channel, and note what came of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.utils import timezone

from ..conf import conf
from ..inbox.languages import languages_of
from ..models import Delivery, Reason, Status
from . import claims, digests, message, outbox, rates
from .backoff import retry_seconds
from .base import Channel
from .claims import Claim
from .decide import Decision
from .errors import PermanentError, TemporaryError
from .health import Health
from .metrics import deliveries_total
from .registry import get_channel
from .stop import Stop

logger = logging.getLogger("notifications")

ANSWER_CHARACTERS = 2_000
NEVER_ENDED = "None of the attempts came to an end: whoever made them died."


def deliver(claim: Claim, *, stop: Stop, using: str) -> None:
    """Deliver what can be delivered, and give back what was not begun. Errors of channels are noted, not raised."""
    _Round(claim, stop=stop, using=using).run()


class _Round:
    """One claim's rows on one channel."""

    def __init__(self, claim: Claim, *, stop: Stop, using: str) -> None:
        self.claim, self.name, self.stop, self.using = claim, claim.channel, stop, using
        # Taken away one by one as they are begun or put off; what is left is given back.
        self.left = list(claim.deliveries)
        self.places = self._places()
        self.health = Health(claim, using=using)
        self.languages: dict[Any, str] = {}

    def run(self) -> None:
        # After an error of our own the rows stay claimed: they come back in a while, and not at once, for ever.
        self._deliver()
        self.health.end()
        claims.give_back(self.left, using=self.using)

    def _deliver(self) -> None:
        found = self._reach({each.recipient_id for each in self.left})
        if found is None:
            return
        channel, addresses = found
        ready = [each for each in list(self.left) if self._is_worth_it(each)]
        decisions = outbox.reconsider(ready, now=timezone.now(), using=self.using)
        ready = [each for each in ready if self._is_still_wanted(each, decisions[each.pk])]
        if channel is None or not ready:
            return
        personal = rates.PersonalRates(self.name, addresses, using=self.using)
        self.languages = languages_of({each.recipient_id for each in ready}, using=self.using)
        try:
            channel.open()
        except Exception as error:
            self.health.unusable(error)
            return
        try:
            for delivery in ready:
                if self.health.is_left_alone:
                    break
                self._one(channel, delivery, addresses.get(delivery.recipient_id), personal)
        finally:
            self._close(channel)

    def _reach(self, user_ids: set[Any]) -> tuple[Channel | None, dict[Any, Any]] | None:
        """The channel, if the site has it, and the addresses of those people. Nothing if it is set up wrongly."""
        try:
            channel = get_channel(self.name)
            return channel, channel.addresses(user_ids, using=self.using) if channel is not None else {}
        except DatabaseError:
            raise
        # An adapter of the site's own may raise anything here.
        except Exception as error:
            self.health.unusable(error, for_sure=True)
            return None

    # -- before it is sent ---------------------------------------------------------------------------------------

    def _is_worth_it(self, delivery: Delivery) -> bool:
        """Not if every attempt killed its worker."""
        if delivery.attempts < conf.DELIVERY_ATTEMPTS:
            return True
        self._finish(delivery, Status.FAILED, Reason.GAVE_UP, answer=delivery.answer or NEVER_ENDED)
        return False

    def _is_still_wanted(self, delivery: Delivery, decision: Decision) -> bool:
        if decision.is_to_be_sent:
            return True
        if decision.status != Status.QUEUED or decision.due_at is None:
            self._finish(delivery, decision.status, decision.reason)
        else:
            self._put_off(delivery, decision.reason, decision.due_at)
        return False

    def _one(self, channel: Channel, delivery: Delivery, address: Any, personal: rates.PersonalRates) -> None:
        if address is None:  # gone since it was decided
            return self._finish(delivery, Status.SKIPPED, Reason.NO_ADDRESS)
        if (until := personal.wait_until(delivery.recipient_id)) and not claims.is_critical(delivery):
            return self._put_off(delivery, Reason.RATE_LIMIT, until)
        members = digests.members_of(delivery, using=self.using) if _carries(delivery) else []
        decisions = outbox.reconsider(members, now=timezone.now(), using=self.using) if members else {}
        left_out = [(each, decisions[each.pk]) for each in members if not decisions[each.pk].is_to_be_sent]
        if _carries(delivery) and len(left_out) == len(members):
            reasons = {decision.reason for _, decision in left_out}
            reason = reasons.pop() if len(reasons) == 1 else Reason.READ
            return self._finish(delivery, Status.SKIPPED, reason, left_out=left_out)
        self._wait_for_place()
        try:
            if self.stop.is_set() or not claims.begin(delivery, using=self.using):
                return None
        except rates.TooMany as error:
            return self._put_off(delivery, Reason.RATE_LIMIT, error.until)
        self.left.remove(delivery)
        wanted = [each for each in members if decisions[each.pk].is_to_be_sent]
        answer = self._attempt(delivery, lambda: self._send(channel, delivery, wanted, address), personal)
        if answer is not None:
            personal.count(delivery.recipient_id)
            self._finish(delivery, Status.SENT, left_out=left_out, answer=answer)
        return None

    def _places(self) -> Iterator[datetime]:
        place = self.claim.first_at
        while True:
            yield place
            place += self.claim.interval

    def _wait_for_place(self) -> None:
        if self.claim.interval:
            self.stop.wait((next(self.places) - timezone.now()).total_seconds())

    # -- the attempt ---------------------------------------------------------------------------------------------

    def _send(self, channel: Channel, delivery: Delivery, members: Sequence[Delivery], address: Any) -> str:
        try:
            language = self.languages.get(delivery.recipient_id, "")
            ready = message.build(delivery, members, language=language, using=self.using)
        except Exception as error:
            # A template's fault, say. The provider has nothing to do with it.
            raise TemporaryError(_described(error), provider=False) from error
        answer = channel.send(ready, address)
        self.health.took()
        return answer or ""

    def _attempt(self, delivery: Delivery, send: Callable[[], str], personal: rates.PersonalRates) -> str | None:
        """Return what the provider answered; ``None`` if it did not work, which is then written."""
        try:
            return send()
        except PermanentError as error:
            personal.count(delivery.recipient_id)
            self._finish(delivery, Status.FAILED, Reason.REFUSED, answer=str(error))
            self.health.refused(delivery.recipient_id, str(error))
        except TemporaryError as error:
            if not error.provider:
                personal.count(delivery.recipient_id)
            self._failed(delivery, error, str(error))
        except Exception as error:
            logger.exception("a delivery channel raised an error of its own", extra={"channel": self.name})
            self._failed(delivery, TemporaryError(""), _described(error))
        return None

    def _failed(self, delivery: Delivery, error: TemporaryError, text: str) -> None:
        if delivery.attempts >= conf.DELIVERY_ATTEMPTS:
            self._finish(delivery, Status.FAILED, Reason.GAVE_UP, answer=text)
        else:
            seconds = retry_seconds(delivery.attempts, asked=error.retry_after)
            self._put_off(delivery, Reason.RETRY, timezone.now() + timedelta(seconds=seconds), answer=text)
        self.health.failed(error, text)

    def _close(self, channel: Channel) -> None:
        try:
            channel.close()
        except Exception as error:
            logger.warning("a delivery channel did not close", extra={"channel": self.name, "error": _described(error)})

    # -- what came of it -----------------------------------------------------------------------------------------

    def _finish(
        self,
        delivery: Delivery,
        status: Status,
        reason: str = "",
        *,
        left_out: Sequence[tuple[Delivery, Decision]] = (),
        answer: str = "",
    ) -> None:
        self._is_done_with(delivery)
        answer = _storable(answer)

        def note() -> bool:
            if _carries(delivery):
                return digests.finish(delivery, status, reason, left_out=left_out, answer=answer, using=self.using)
            return claims.finish(delivery, status, reason, answer=answer, using=self.using)

        if _noted(note, using=self.using):
            deliveries_total.inc(self.name, str(status))

    def _put_off(self, delivery: Delivery, reason: str, until: datetime, *, answer: str = "") -> None:
        self._is_done_with(delivery)
        answer = _storable(answer)
        if _noted(lambda: claims.put_off(delivery, reason, until, answer=answer, using=self.using), using=self.using):
            deliveries_total.inc(self.name, "retried" if reason == Reason.RETRY else "delayed")

    def _is_done_with(self, delivery: Delivery) -> None:
        if delivery in self.left:
            self.left.remove(delivery)


def _noted(write: Callable[[], bool], *, using: str) -> bool:
    """Write what became of an attempt, once more if the database was away: what went out would be sent again."""
    try:
        return write()
    except (OperationalError, InterfaceError) as error:
        connection = connections[using]
        if connection.in_atomic_block:
            raise
        logger.warning("what came of a delivery is noted once more", extra={"error": _described(error)})
        connection.close()  # the next statement opens another
        return write()


def _carries(delivery: Delivery) -> bool:
    """Whether it is a digest."""
    return delivery.notification_id is None


def _storable(answer: str) -> str:
    # PostgreSQL refuses NUL, wherever a channel has it from.
    return answer.replace("\0", "")[:ANSWER_CHARACTERS]


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip()
