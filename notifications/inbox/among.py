"""Rows of some of many people: hundreds of parameters cost the ORM and the driver more than they cost the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import BooleanField, F, Lookup, Q

from .database import has_integer_keys


def among(name: str, user_ids: Collection[Any], *, using: str) -> Q | Lookup[Any]:
    """The condition that the column ``name``, of users' keys, is one of these; for ``filter()``."""
    if connections[using].vendor != "postgresql":
        return Q(**{f"{name}__in": list(user_ids)})
    return _AnyOf(F(name), key_array(user_ids, using=using))


def key_array(user_ids: Iterable[Any], *, using: str) -> Any:
    """Users' keys as one parameter, of an array type of PostgreSQL."""
    if has_integer_keys():
        return integer_array(user_ids)
    key: Any = get_user_model()._meta.pk
    return [key.get_db_prep_value(user_id, connections[using]) for user_id in user_ids]


def integer_array(values: Iterable[Any]) -> Any:
    """As text it takes a tenth of the driver's time, which looks at each of them."""
    values = list(values)
    return f"{{{','.join(map(str, values))}}}" if all(type(value) is int for value in values) else values


class _AnyOf(Lookup):
    lookup_name = "any_of"
    prepare_rhs = False
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        kind = self.lhs.output_field.rel_db_type(connection)
        return f"{column} = ANY(%s::{kind}[])", (*parameters, self.rhs)
