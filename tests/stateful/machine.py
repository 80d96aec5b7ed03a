"""Anything in any order, to one inbox and the devices that show it."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from notifications.inbox import retention
from tests.stateful import doors
from tests.stateful.device import Device
from tests.stateful.doors import Deed
from tests.stateful.scene import Scene
from tests.stateful.stage import Stage

STEPS_SHOWN = 60
FRAMES_SHOWN = 8

ANY = st.integers(0, 2)
NEW_PAGE = "open a new page"
LEAVING = st.sampled_from(["drop", "drop", "leave", "sync", NEW_PAGE])
RETURNING = st.sampled_from(["come back", "come back", NEW_PAGE])
SELDOM = [
    *["wait for rest"] * 20,
    *["purge"] * 50,
    *["back up"] * 15,
    *["kill the server and start it again"] * 4,  # takes seconds
    *["terminate the server and start it again"] * 2,
    *["restore, told"] * 10,
    *["restore, untold"] * 15,
    *["new epoch"] * 8,
    *["the inbox is deleted by hand"] * 6,
    *["110 at once"] * 3,  # more revisions than one hint carries, and more rows than a page of the list
]


class Undone(Exception):
    """Rolls a transaction back."""


class Died(Exception):
    """Ends a process between its commit and what it would do after that."""


class Inboxes(RuleBasedStateMachine):
    """Hypothesis finds the steps. ``stage`` is set by a subclass.

    The steps run in the main thread, where hypothesis and Django's transactions are at home, and the sockets on an
    event loop beside it: whatever the server says is heard at once, in the middle of the steps.
    """

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(self.stage)
        self.steps: list[str] = []
        self.failed = False

    @initialize(connected=st.tuples(st.booleans(), st.booleans(), st.booleans()), rows=st.integers(0, 7))
    def some_are_connected(self, connected: tuple[bool, ...], rows: int) -> None:
        chosen = [device for device, wanted in zip(self.scene.devices, connected, strict=True) if wanted]
        with self.step("begin", f"with {[device.name for device in chosen]} connected; then come {rows}"):
            for device in chosen:
                self.scene.come(device)
            doors.in_python(self.scene.people, Deed("bulk_create", count=rows))

    @contextmanager
    def step(self, kind: str, details: object = "") -> Iterator[None]:
        """One line of the story that a failure tells."""
        self.steps.append(f"{kind}: {details}" if details else kind)
        self.stage.tally[kind] += 1
        with self._telling():
            yield

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.failed = True
            error.add_note(self._story())
            raise

    def _story(self) -> str:
        lines = [f"{number:4} {step}" for number, step in enumerate(self.steps, 1)][-STEPS_SHOWN:]
        for device in self.scene.devices:
            lines.append(f"{device!r}, last heard:")
            lines += [f"     {frame}" for frame in device.frames[-FRAMES_SHOWN:]]
        return "\n".join([f"What was done, after {self.stage.tally['the end']} examples:", *lines])

    # -- changes -----------------------------------------------------------------------------------------------------

    @rule(deed=doors.IN_PYTHON)
    def beside_the_server(self, deed: Deed) -> None:
        with self.step("in Python", deed):
            doors.in_python(self.scene.people, deed)

    @rule(deeds=st.lists(doors.IN_PYTHON, min_size=1, max_size=4), end=st.sampled_from(["committed", "undone", "died"]))
    def in_a_transaction(self, deeds: list[Deed], end: str) -> None:
        """``died``: the process ends right after the commit, so nothing is numbered, expanded or published."""
        with self.step(f"in a transaction, {end}", deeds), suppress(Undone, Died), transaction.atomic():
            if end == "died":
                transaction.on_commit(_die)  # the first of the hooks: those behind it never run
            for deed in deeds:
                doors.in_python(self.scene.people, deed)
            if end == "undone":
                raise Undone

    @rule(deed=doors.BY_REST)
    def by_rest(self, deed: Deed) -> None:
        with self.step("by REST", deed):
            self.stage.run(self._request(deed))

    @precondition(lambda self: self.scene.present)
    @rule(number=ANY, deed=doors.BY_SOCKET)
    def by_socket(self, number: int, deed: Deed) -> None:
        """Said, and not waited for."""
        device = _one_of(self.scene.present, number)
        with self.step("by socket", f"{device.name}: {deed}"):
            self.stage.run(self._say(device, deed))

    @rule(
        rest=st.lists(doors.BY_REST, min_size=1, max_size=3),
        said=st.lists(st.tuples(ANY, doors.BY_SOCKET), max_size=2),
        python=st.none() | st.none() | doors.IN_PYTHON,
    )
    def at_once(self, rest: list[Deed], said: list[tuple[int, Deed]], python: Deed | None) -> None:
        with self.step("at once", f"REST {rest}, sockets {said}, Python {python}"):
            work = [self._request(deed) for deed in rest]
            if present := self.scene.present:
                work += [self._say(_one_of(present, number), deed) for number, deed in said]
            running = [self.stage.start(one) for one in work]
            if python is not None:
                doors.in_python(self.scene.people, python)
            for one in running:
                one.result()

    def _request(self, deed: Deed) -> Coroutine[Any, Any, None]:
        return self.stage.request(self.scene.user, doors.by_rest(self.scene.people, deed))

    def _say(self, device: Device, deed: Deed) -> Coroutine[Any, Any, None]:
        command = doors.by_socket(self.scene.people, deed)
        return device.say(command.pop("type"), **command)

    # -- coming and going --------------------------------------------------------------------------------------------

    @rule(move=st.tuples(ANY, LEAVING, RETURNING))
    def a_device_comes_or_goes(self, move: tuple[int, str, str]) -> None:
        """Hypothesis favours the rule that its name and number of arguments put first: this one."""
        number, leaving, returning = move
        device = self.scene.devices[number]
        if not device.open:
            with self.step(returning, device):
                self.scene.come(device, anew=returning == NEW_PAGE)
        elif leaving != "sync":
            with self.step(leaving, device):
                self.stage.run(device.go(leaving))
                if leaving == NEW_PAGE:
                    self.scene.come(device, anew=True)
        elif device.protocol == 2 and device.copy.up_to_date:
            with self.step("sync", device):
                self.stage.run(device.sync())

    # -- what happens to servers and databases -----------------------------------------------------------------------

    @rule(what=st.sampled_from(SELDOM))
    def seldom(self, what: str) -> None:
        if what.startswith("restore") and self.scene.backup is None:
            what = "back up"
        with self.step(what):
            if what == "wait for rest":
                self.scene.wait_for_rest()
            elif what == "purge":
                retention.purge()
            elif what == "back up":
                self.scene.back_up()
            elif what.startswith("restore"):
                self.scene.restore(told=what == "restore, told")
            elif what == "new epoch":
                retention.new_epoch([self.scene.user.pk])
            elif what == "the inbox is deleted by hand":
                self.scene.lose_inbox()
            elif what == "110 at once":
                doors.in_python(self.scene.people, Deed("bulk_create", count=110))
            else:
                self.scene.end_the_server(what.split()[0])

    # -- what must be so ---------------------------------------------------------------------------------------------

    @invariant()
    def nobody_has_heard_what_must_not_be(self) -> None:
        with self._telling():
            for device in self.scene.present:
                device.check()

    def teardown(self) -> None:
        try:
            if not self.failed:
                with self.step("the end"):
                    self.scene.end()
        finally:
            self.scene.leave()


def _one_of(devices: list[Device], number: int) -> Device:
    return devices[number % len(devices)]


def _die() -> None:
    raise Died
