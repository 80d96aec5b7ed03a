"""What a person wants to hear of, how and when."""

from __future__ import annotations

from datetime import time

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PriorityFilter(models.TextChoices):
    ALL = "all", pgettext_lazy("priorities", "All")
    HIGH_OR_CRITICAL = "high_or_critical", _("High and critical")
    CRITICAL_ONLY = "critical_only", _("Critical only")


class Frequency(models.TextChoices):
    INSTANT = "instant", _("At once")
    DAILY = "daily", _("Once a day, together")
    WEEKLY = "weekly", _("Once a week, together")


# As datetime.weekday() counts.
WEEKDAYS = [
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
]


class Preference(models.Model):
    """One row per user, made when they first change something. Who has none wants the defaults.

    Times of the day are in ``time_zone``; empty, it is the site's, as with ``language``. What is sent together once
    a day or week comes at ``digest_time``, once a week on ``digest_weekday``.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notification_preference"
    )
    priority = models.CharField(
        _("priorities"), max_length=20, choices=PriorityFilter.choices, default=PriorityFilter.ALL
    )
    quiet_hours_enabled = models.BooleanField(_("quiet hours"), default=False)
    quiet_hours_start = models.TimeField(_("from"), default=time(22, 0))
    quiet_hours_end = models.TimeField(_("to"), default=time(7, 0))
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    frequency = models.CharField(_("frequency"), max_length=10, choices=Frequency.choices, default=Frequency.INSTANT)
    digest_time = models.TimeField(_("time of the day"), default=time(8, 0))
    digest_weekday = models.PositiveSmallIntegerField(_("day of the week"), choices=WEEKDAYS, default=0)
    language = models.CharField(_("language"), max_length=20, blank=True, default="")
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)
    sound = models.BooleanField(_("sound"), default=False)
    desktop = models.BooleanField(_("desktop notifications"), default=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        db_table = "ntf_preference"
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"preferences of {self.pk}"


class PreferenceChoice(models.Model):
    """A deviation from the default for a type, a delivery channel, or a type on a channel; most people have few.

    An empty ``type`` means every type, an empty ``channel`` every channel. A notification goes out on a channel
    unless any of the three says no.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        db_index=False,  # the constraint's begins with it
        related_name="notification_choices",
    )
    type = models.CharField(_("type"), max_length=100, blank=True, default="")
    channel = models.CharField(_("channel"), max_length=50, blank=True, default="")
    enabled = models.BooleanField(_("wanted"))

    class Meta:
        db_table = "ntf_preference_choice"
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
        constraints = [models.UniqueConstraint(fields=["user", "type", "channel"], name="ntf_preference_choice_once")]

    def __str__(self) -> str:
        return f"{self.type or '*'} × {self.channel or '*'}: {'yes' if self.enabled else 'no'}"
