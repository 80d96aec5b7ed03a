"""The translations: complete, compiled, and in the wheel (tests/packaging)."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import polib
import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = [ROOT / folder / "locale/es/LC_MESSAGES/django.po" for folder in ("notifications", "project")]
SOURCES = {"notifications": ["notifications"], "project": ["project", "templates"]}

# A call of gettext in Python, and in what Django makes of a template for xgettext.
CALL = re.compile(
    r"""\b(?P<name>_|n?p?gettext(?:_lazy|_noop)?)\(\s*u?(?P<texts>(?:f?(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')[\s,]*(?:u(?=["']))?)+)"""
)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-5])
def test_nothing_is_untranslated_and_placeholders_agree(path: Path) -> None:
    catalogue = polib.pofile(str(path))
    assert len(catalogue) > 20
    assert not catalogue.metadata_is_fuzzy
    assert [entry.msgid for entry in catalogue if not entry.translated() or entry.fuzzy or entry.obsolete] == []
    for entry in catalogue:
        for text in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            assert placeholders(text) == placeholders(entry.msgid_plural or entry.msgid), entry.msgid


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-5])
def test_the_compiled_catalogue_says_the_same(path: Path) -> None:
    source = polib.pofile(str(path))
    compiled = polib.mofile(str(path.with_suffix(".mo")))

    def texts(catalogue: list[polib.POEntry]) -> dict[tuple[str | None, str], object]:
        return {(entry.msgctxt, entry.msgid): entry.msgstr_plural or entry.msgstr for entry in catalogue}

    assert texts(compiled) == texts(source)
    with path.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).info()["plural-forms"] == source.metadata["Plural-Forms"]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-5])
def test_every_text_of_the_sources_is_in_it(path: Path) -> None:
    known = {entry.msgid for entry in polib.pofile(str(path))}
    used = {text for folder in SOURCES[path.parts[-5]] for text in texts_in(ROOT / folder)}
    assert used - known == set()
    assert len(known - used) <= 2, known - used  # the others are said by nobody any more


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[sd]|%[sd]|\{[\w!:.]+\}", text))


def texts_in(folder: Path) -> set[str]:
    found = set()
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".py" and "migrations" not in file.parts:
            found |= called(file.read_text())
        elif file.suffix == ".html":
            found |= called(templatize(file.read_text()))
    return found


def called(code: str) -> set[str]:
    found = set()
    for call in CALL.finditer(code):
        literals = eval(f"({call['texts'].strip().rstrip(',')},)")  # those that stand side by side are one
        found.add(literals[1] if "pgettext" in call["name"] else literals[0])
    return found
