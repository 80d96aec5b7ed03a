from .api_key import ApiKey
from .batch import Batch, BatchChunk
from .content import Content
from .inbox import Inbox
from .notification import Changed, Notification, NotificationQuerySet
from .preference import Frequency, Preference, PreferenceChoice, PriorityFilter

__all__ = [
    "ApiKey",
    "Batch",
    "BatchChunk",
    "Changed",
    "Content",
    "Frequency",
    "Inbox",
    "Notification",
    "NotificationQuerySet",
    "Preference",
    "PreferenceChoice",
    "PriorityFilter",
]
