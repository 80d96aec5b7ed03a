from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage
from django.db import models


class PartialIndex(models.Index):
    """An index on the rows that meet ``condition``; on all rows where the database has no partial indexes.

    Django leaves a conditional index out there (MySQL, MariaDB), and the sweeper would scan the table every second.
    Instead the columns of the condition come first: the rows that meet it then stand together.
    """

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        if schema_editor.connection.features.supports_partial_indexes:
            return super().create_sql(model, schema_editor, using, **kwargs)
        plain = models.Index(fields=[*dict.fromkeys([*self._condition_fields(), *self.fields])], name=self.name)
        return plain.create_sql(model, schema_editor, using, **kwargs)

    def _condition_fields(self) -> list[str]:
        lookups: list[Any] = self.condition.children if self.condition else []
        return [lookup.partition("__")[0] for lookup, _ in lookups]


class PartialIndexes(models.Model):
    """A model that has some."""

    class Meta:
        abstract = True

    @classmethod
    def check(cls, **kwargs: Any) -> list[CheckMessage]:
        """Without Django's warning that the conditions are ignored: here a plain index takes their place."""
        return [message for message in super().check(**kwargs) if message.id != "models.W037"]
