"""Holds what each device showed against the minutes: a count, a row or a gap that never was is an AssertionError."""

from __future__ import annotations

from typing import Any

from tests.inbox_copy import LIVE_TYPES
from tests.stateful.device import Device, Moment
from tests.stateful.minutes import Minutes, Standing, View

# What sets a whole row. A confirmation says only whether it was read.
WHOLE_ROWS = {"notification", "notification_updated", "notification_deleted"}


class Judge:
    """Of one device. Each moment is judged once, when the minutes have all that it may speak of.

    A row that was read from the database, by a replay or in a list, may be ahead of the revision it came with: it had
    changed, and that change had no number yet. So it may differ from its place, if it gets another number later on.
    """

    def __init__(self, device: Device, minutes: Minutes) -> None:
        self.device, self.minutes = device, minutes
        self.diary = device.diary
        self.judged = 0  # moments of the diary
        self._place = 0  # where in the minutes the device, or what it was told of counts, stands
        self._live_only = True
        self._listed = False
        self._live: set[int] = set()  # rows that are as a live frame told them

    def judge(self) -> None:
        for moment in self.diary[self.judged :]:
            try:
                if self.device.protocol == 1:
                    self._judge_plain(moment)
                elif not moment.held and moment.kind != "lost" and moment.rev is not None:
                    self._judge(moment)
            except AssertionError as error:
                raise AssertionError(f"{self.device.name}, at {_brief(moment)}: {error}") from None
            self.judged += 1

    def _judge(self, moment: Moment) -> None:
        place = self.minutes.place(moment.epoch, moment.rev)
        moved, self._place = place != self._place, place
        self._note_sources(moment, moved=moved)
        standing = self.minutes.timeline[place]
        # A greeting, a bare answer and the rows of a replay carry the count of where the replay will end.
        later = {at.unread_count for at in self.minutes.timeline[place:]}
        assert moment.unread_count in later, f"{moment.unread_count} unread, and it was never so since: {later}"
        at_rest = moment.kind in {"page", "list", "sync_complete"} or (moment.kind in LIVE_TYPES and moved)
        if moment.kind == "connection_established":
            told = moment.data["data"]
            self._check_count(told, self.minutes.at(told["epoch"], told["rev"]))
        if at_rest and not moment.mixed:
            if moment.kind != "seen":  # that frame has no count
                assert moment.unread_count == standing.unread_count, f"not {standing.unread_count} unread"
            assert moment.seen_seq == standing.seen_seq, f"seen up to {moment.seen_seq}, not {standing.seen_seq}"
            self._check_rows(moment.rows, standing, place)

    @staticmethod
    def _check_count(told: dict[str, Any], standing: Standing) -> None:
        assert told["unread_count"] == standing.unread_count, f"not {standing.unread_count} unread: {told}"
        assert told["seen_seq"] == standing.seen_seq, f"not seen up to {standing.seen_seq}: {told}"

    def _note_sources(self, moment: Moment, *, moved: bool) -> None:
        """Remember which rows came how."""
        if moment.kind in {"page", "list"}:
            self._live_only, self._listed = False, True
            self._live.clear()
        elif moment.kind in LIVE_TYPES:
            data = moment.data["data"]
            if data.get("replay"):
                self._live_only = False
                self._live -= _named(data, moment.rows)
            elif moved and moment.kind in WHOLE_ROWS:
                self._live |= _named(data, moment.rows)

    def _check_rows(self, shown: dict[int, View], standing: Standing, place: int) -> None:
        for pk in shown.keys() | standing.rows.keys():
            here, there = shown.get(pk), standing.rows.get(pk)
            if here == there or self._may_be_ahead(pk, place):
                continue
            if here is None and there is not None and there.is_archived and self._listed:
                continue  # lists leave out what is archived
            raise AssertionError(f"{pk} is shown as {here}, and is {there} at revision {standing.rev}")

    def _may_be_ahead(self, pk: int, place: int) -> bool:
        return not self._live_only and pk not in self._live and self.minutes.changes_after(pk, place)

    def _judge_plain(self, moment: Moment) -> None:
        """It knows no revisions: the counts it is told must have been true one after the other."""
        if moment.kind != "unread_count":
            return
        counts = [at.unread_count for at in self.minutes.timeline]
        while self._place < len(counts) and counts[self._place] != moment.unread_count:
            self._place += 1
        assert self._place < len(counts), f"{moment.unread_count} unread, and it was not so any more"


def _named(data: dict[str, Any], rows: dict[int, View]) -> set[int]:
    if "up_to_seq" in data:
        return {pk for pk, row in rows.items() if row.seq <= data["up_to_seq"]}
    if "notification_ids" in data:
        return set(data["notification_ids"])
    return {data.get("notification_id", data.get("id"))}


def _brief(moment: Moment) -> str:
    return f"{moment.kind} {moment.data if moment.kind not in {'page', 'list'} else ''} with cursor {moment.rev}"
