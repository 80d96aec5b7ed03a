from .api_key import ApiKeyAdmin
from .batch import BatchAdmin
from .channel_state import ChannelStateAdmin
from .delivery import DeliveryAdmin
from .inbox import InboxAdmin
from .mute import MuteAdmin
from .notification import NotificationAdmin
from .push_subscription import PushSubscriptionAdmin

__all__ = [
    "ApiKeyAdmin",
    "BatchAdmin",
    "ChannelStateAdmin",
    "DeliveryAdmin",
    "InboxAdmin",
    "MuteAdmin",
    "NotificationAdmin",
    "PushSubscriptionAdmin",
]
