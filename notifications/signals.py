"""What leaves the inbox, leaves it by signal; nothing below knows who listens.

``notifications_inserted``
    Inside the transaction that inserted, before anything is numbered. Arguments: ``content`` (the
    :class:`~notifications.models.content.Content` row), ``user_ids`` and ``using``. An exception rolls the send back.

``inbox_changed``
    After the commit that numbered. Arguments: ``changes`` (a list of
    :class:`~notifications.inbox.events.InboxChange` or :class:`~notifications.inbox.events.BulkInsert`) and ``using``.

``notifications_written``
    A queryset wrote rows that ``post_save`` does not see (``update``, ``delete``, ``bulk_create``). Arguments:
    ``user_ids`` and ``using``.
"""

from django.dispatch import Signal

notifications_inserted = Signal()
inbox_changed = Signal()
notifications_written = Signal()
