from .api_key import ApiKey
from .batch import Batch, BatchChunk
from .content import Content
from .delivery import ChannelState, Delivery, Reason, Status, TaskState
from .inbox import Inbox
from .mute import Mute
from .notification import Changed, Notification, NotificationQuerySet
from .preference import WEEKDAYS, Frequency, Preference, PreferenceChoice, PriorityFilter
from .presence import Presence
from .push_subscription import PushSubscription

__all__ = [
    "WEEKDAYS",
    "ApiKey",
    "Batch",
    "BatchChunk",
    "Changed",
    "ChannelState",
    "Content",
    "Delivery",
    "Frequency",
    "Inbox",
    "Mute",
    "Notification",
    "NotificationQuerySet",
    "Preference",
    "PreferenceChoice",
    "Presence",
    "PriorityFilter",
    "PushSubscription",
    "Reason",
    "Status",
    "TaskState",
]
