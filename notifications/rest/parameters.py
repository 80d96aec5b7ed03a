"""Values from the query string and the body: what they should be, or a 400 that names the field.

An empty parameter (``?type=``, as forms send it) counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request

LARGEST = 2**63 - 1


def invalid(field: str, sentence: str) -> ValidationError:
    return ValidationError({field: [sentence]})


def whole_number(
    request: Request, name: str, *, default: int | None = None, lowest: int = 0, highest: int | None = None
) -> int:
    """The number in the query string. Without ``highest``, what is beyond 64 bits is ``LARGEST``.

    Raises:
        ValidationError: no such number, or none where there is no default.
    """
    text = request.query_params.get(name) or ("" if default is None else str(default))
    allowed = f"from {lowest} to {highest}" if highest is not None else f"of {lowest} or more"
    number = parse_digits(text)
    if number is None or number < lowest or (highest is not None and number > highest):
        raise invalid(name, f"{name} must be a whole number {allowed}.")
    return min(number, LARGEST)


def parse_digits(text: str) -> int | None:
    """The number written in plain digits, or ``None``; all that have more digits than ``LARGEST`` are one."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0") or "0"
    # Python itself refuses to parse thousands of digits.
    return int(digits) if len(digits) <= len(str(LARGEST)) else LARGEST + 1


def flag(request: Request, name: str, *, default: bool) -> bool:
    """``true`` or ``false``, in any case."""
    text = (request.query_params.get(name) or str(default)).lower()
    if text not in {"true", "false"}:
        raise invalid(name, f"{name} must be true or false.")
    return text == "true"


def choice(request: Request, name: str, choices: Sequence[str]) -> str:
    """One of ``choices``; the first is what an absent parameter means."""
    text = request.query_params.get(name) or choices[0]
    if text not in choices:
        raise invalid(name, f"{name} must be one of {', '.join(choices)}.")
    return text


def word(request: Request, name: str) -> str | None:
    """Text to compare a column with."""
    text = request.query_params.get(name) or None
    if text is not None and "\0" in text:
        raise invalid(name, f"{name} holds a NUL, which databases refuse.")
    return text


def body(request: Request) -> dict[str, Any]:
    """The body as an object; an empty one is ``{}``."""
    data = request.data
    if not isinstance(data, Mapping):
        raise ParseError("The body must be a JSON object.")
    return dict(data)


def up_to_seq(request: Request) -> int:
    """The ``up_to_seq`` of the body."""
    number = as_whole_number(body(request).get("up_to_seq"))
    if number is None or number < 0:
        raise invalid("up_to_seq", "up_to_seq must be a whole number of 0 or more.")
    return min(number, LARGEST)


def as_whole_number(value: Any) -> int | None:
    """JSON has one kind of numbers: what some languages write as ``7.0`` is the integer 7."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
