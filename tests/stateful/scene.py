"""One person's inbox in one example: the devices that show it, and the judges of what they show."""

from __future__ import annotations

import time

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from notifications.inbox import retention
from notifications.models import Inbox, Notification
from tests.inbox.invariants import check
from tests.inbox_copy import InboxCopy
from tests.stateful import doors, rest
from tests.stateful.device import Device
from tests.stateful.doors import Deed, People
from tests.stateful.judge import Judge
from tests.stateful.minutes import Minutes, View
from tests.stateful.stage import Stage


class Scene:
    """Two devices of protocol 2, and one that knows the eight types of the original only."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.user = User.objects.create(username=f"user{time.time_ns()}")
        self.people = People(self.user, stage.neighbours)
        self.minutes = Minutes(self.user.pk)
        laptop, phone = stage.device(self.user, "the laptop"), stage.device(self.user, "the phone")
        self.old_app = stage.device(self.user, "the old app", protocol=1)
        self.devices = [laptop, phone, self.old_app]
        self.judges = [Judge(device, self.minutes) for device in self.devices]
        self.judges_of_old_pages: list[Judge] = []
        self.backup: tuple[Inbox, list[Notification]] | None = None

    @property
    def present(self) -> list[Device]:
        return [device for device in self.devices if device.open]

    @property
    def absent(self) -> list[Device]:
        return [device for device in self.devices if not device.open]

    # -- coming and going --------------------------------------------------------------------------------------------

    def come(self, device: Device, *, anew: bool = False) -> None:
        """Connect: from where it stood, or ``anew`` from a page that the server has just rendered."""
        if device.protocol == 1:
            device.copy, device.excused = InboxCopy(), False  # it cannot resume: what was before is the list's business
        elif anew or (device.copy.rev is None and self._is_used()):
            self._draw_page(device)
        self.stage.run(device.connect())
        device.born = rest.place_of(self.user)[0]

    def _is_used(self) -> bool:
        return Notification.objects.filter(recipient=self.user).exists() or rest.place_of(self.user)[0] > 0

    def _draw_page(self, device: Device) -> None:
        number = self.devices.index(device)
        self.stage.run(device.draw_page())
        self.judges_of_old_pages.append(self.judges[number])
        self.judges[number] = Judge(device, self.minutes)

    def end_the_server(self, how: str) -> None:
        """Whoever was connected comes back when it runs again."""
        lost = self.present
        for device in lost:
            device.open = False
        self.stage.restart(how)
        for device in lost:
            self.stage.run(device.until(lambda device=device: device.closed))
            self.come(device)

    # -- waiting and judging -----------------------------------------------------------------------------------------

    def wait_for_rest(self) -> None:
        """Nothing is pending any more, every device has it all: then all must agree, and must always have."""
        present, before = self.present, None
        self.stage.run(rest.all_heard(present))
        while (place := rest.database_at_rest(self.user, watched=bool(present))) != before:
            before = place
            self.stage.run(rest.all_arrived(present, rest.arrivals(present, self.user, place)))
        check(self.user)
        for device in present:
            if device.protocol == 2:
                rest.compare(device, self.user)
        if self.old_app.excused:
            self.old_app.copy.rows.clear()
            self.old_app.excused, self.old_app.born = False, before[0]
        self.minutes.read()
        for judge in self.judges_of_old_pages + self.judges:
            judge.judge()

    # -- what happens to databases -----------------------------------------------------------------------------------

    def lose_inbox(self) -> None:
        Inbox.objects.filter(pk=self.user.pk).delete()
        self.old_app.excused = True

    def back_up(self) -> None:
        self.wait_for_rest()
        if inbox := Inbox.objects.filter(pk=self.user.pk).first():
            self.backup = inbox, list(Notification.objects.filter(recipient=self.user))

    def restore(self, *, told: bool) -> None:
        """Bring the backup back. ``told``: with the command that should follow; else the server has to notice it.

        It does if somebody is connected who has heard of a later revision of the same epoch. How far the old app has
        come, nobody can tell.
        """
        assert self.backup is not None
        self.wait_for_rest()
        watched = any(device.protocol == 2 for device in self.present)
        if not told and watched and not self._is_older(self.backup[0]):
            self.back_up()
            doors.in_python(self.people, Deed("send"))
            self.wait_for_rest()
        inbox, rows = self.backup
        noticeable = watched and self._is_older(inbox)
        self.stage.tally["restored, and noticed by the server"] += noticeable and not told
        with transaction.atomic():
            self._put_back(inbox, rows)
            if told or not noticeable:
                retention.new_epoch([self.user.pk])
        rest.until(lambda: rest.place_of(self.user)[1] != inbox.epoch, "nobody noticed that the database went back")
        self.old_app.excused = True

    def _is_older(self, inbox: Inbox) -> bool:
        rev, epoch = rest.place_of(self.user)
        return epoch == inbox.epoch and rev > inbox.last_rev

    def _put_back(self, inbox: Inbox, rows: list[Notification]) -> None:
        """As a database does it: no numbering, no signals."""
        QuerySet(Notification).filter(recipient=self.user)._raw_delete("default")
        QuerySet(Inbox).filter(user=self.user)._raw_delete("default")
        QuerySet(Inbox).bulk_create([inbox])
        for row in rows:
            row.expires_at = None  # or expiry would change it at once, before anybody could notice the restore
        QuerySet(Notification).bulk_create(rows)
        self.minutes.begin_again({row.pk: View.of(row) for row in rows if row.deleted_at is None}, inbox.seen_seq)

    # -- the end -----------------------------------------------------------------------------------------------------

    def end(self) -> None:
        """Everybody comes, and all must agree; then the histories are kept."""
        for device in self.absent:
            self.come(device)
        self.wait_for_rest()
        for judge in self.judges_of_old_pages + self.judges[:2]:
            self.stage.record(judge.diary)

    def leave(self) -> None:
        for device in self.devices:
            self.stage.run(device.leave())
