from .api_key import ApiKey
from .batch import Batch, BatchChunk
from .content import Content
from .inbox import Inbox
from .notification import Changed, Notification, NotificationQuerySet

__all__ = ["ApiKey", "Batch", "BatchChunk", "Changed", "Content", "Inbox", "Notification", "NotificationQuerySet"]
