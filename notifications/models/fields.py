from __future__ import annotations

from typing import Any

from django.db import models


class ExactCharField(models.CharField):  # type: ignore[type-arg]
    """Text of which every letter counts.

    To the collations that MySQL and MariaDB come with, ``order-A``, ``order-a`` and ``order-á`` are the same, and the
    second of two notifications with such keys would be dropped as a duplicate.
    """

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        parameters: dict[str, Any] = super().db_parameters(connection)
        if connection.vendor == "mysql":
            # Not utf8mb4_bin, which takes no notice of spaces at the end.
            parameters["collation"] = "utf8mb4_nopad_bin" if connection.mysql_is_mariadb else "utf8mb4_0900_bin"
        return parameters
