from __future__ import annotations

from typing import Any

from django.db import models


class PartialIndex(models.Index):
    """An index on the rows that meet ``condition``; on all rows where the database has no partial indexes.

    Django leaves a conditional index out there (MySQL, MariaDB), and the sweeper would scan the table every second.
    """

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        if schema_editor.connection.features.supports_partial_indexes:
            return super().create_sql(model, schema_editor, using, **kwargs)
        plain = models.Index(fields=self.fields, name=self.name)
        return plain.create_sql(model, schema_editor, using, **kwargs)
