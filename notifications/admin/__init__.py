from .api_key import ApiKeyAdmin
from .batch import BatchAdmin
from .inbox import InboxAdmin
from .notification import NotificationAdmin

__all__ = ["ApiKeyAdmin", "BatchAdmin", "InboxAdmin", "NotificationAdmin"]
