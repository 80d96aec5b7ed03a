"""What leaves the inbox, leaves it by signal; nothing below knows who listens.

``notifications_inserted``
    Inside the transaction that inserted, the sender's for one person, a chunk's own for a send to many. Arguments:
    ``content`` (the :class:`~notifications.models.content.Content` row), ``ids`` (a dict of the recipients' keys and
    the ids of their notifications) and ``using``. An exception rolls that transaction back. While anybody listens,
    PostgreSQL's quickest way to send is not taken.

``delivery_wanted``
    The same, also with ``channels``, and only if delivery channels beside in-app and websocket are asked for. A
    receiver returns, for a send to one person, a dict of channels and their
    :class:`~notifications.models.delivery.Delivery`.

``batch_scheduled``
    Inside the transaction that keeps a send for later. Arguments: ``batch`` (the
    :class:`~notifications.models.batch.Batch`, with its ``due_at``) and ``using``.

``inbox_changed``
    After the commit that numbered. Arguments: ``changes`` (a list of
    :class:`~notifications.inbox.events.InboxChange` or :class:`~notifications.inbox.events.BulkInsert`) and ``using``.

``notifications_written``
    A queryset wrote rows that ``post_save`` does not see (``update``, ``delete``, ``bulk_create``). Arguments:
    ``user_ids`` and ``using``.
"""

from django.dispatch import Signal

notifications_inserted = Signal()
delivery_wanted = Signal()
batch_scheduled = Signal()
inbox_changed = Signal()
notifications_written = Signal()
