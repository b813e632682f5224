"""The viewer in Romanian and Russian: every text of its page is translated, and dates and ages are written as there."""

import json
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import timezone
from django.utils.translation import override

from tests.portal.grants.factories import (
    DicomServerFactory,
    make_name,
    make_patient_study,
    national_patient,
    radiologist_of,
)
from viewer.presets.defaults import CT_PRESETS, Preset, shown_name

LANGUAGES = ["ro", "ru"]
PAGE_PARTS = (
    *sorted(Path(settings.BASE_DIR, "templates/viewer").glob("*.html")),
    *(
        Path(settings.BASE_DIR, "templates", name)
        for name in (
            "components/patient_banner.html",
            "components/person_name.html",
            "components/session_end.html",
            "access/_break_glass_line.html",
        )
    ),
)
PYTHON_TEXTS = ("studies/display.py", "studies/presentation.py")
TRANSLATE = re.compile(r"""{%\s*translate\s+(?:"([^"]*)"|'([^']*)')""")
BLOCK = re.compile(r"{%\s*blocktranslate[^%]*%}(.*?){%\s*endblocktranslate\s*%}", re.DOTALL)
GETTEXT = re.compile(r'\bn?gettext\(\s*"([^"]*)"')
PLURAL_FORMS = 3


def texts_of(template: str) -> set[str]:
    plain = {(double or single).replace("%", "%%") for double, single in TRANSLATE.findall(template)}
    blocks = {re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", block) for block in BLOCK.findall(template)}
    return plain | blocks


def wanted() -> set[str]:
    texts = {text for part in PAGE_PARTS for text in texts_of(part.read_text())}
    for name in PYTHON_TEXTS:
        texts.update(GETTEXT.findall(Path(settings.BASE_DIR, "portal", name).read_text()))
    return texts | {preset.name for preset in CT_PRESETS}


def catalogue(language: str) -> Catalog:
    with Path(settings.BASE_DIR, "locale", language, "LC_MESSAGES", "django.po").open("rb") as file:
        return read_po(file, locale=language, domain="django", abort_invalid=True)


def test_texts_are_found_in_templates() -> None:
    template = """{% translate "Page at 100 %" %}<a aria-label="{% translate 'Close' %}">
    {% blocktranslate with n=3 %}1 over {{ n }}{% endblocktranslate %}{% translate "Line" as words %}"""
    assert texts_of(template) == {"Page at 100 %%", "Close", "1 over %(n)s", "Line"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_page_is_translated(language: str) -> None:
    known = catalogue(language)
    found = {text: known.get(text) for text in wanted()}
    assert sorted(text for text, message in found.items() if message is None or not message.string) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_what_is_put_into_them(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        key = message.id[0] if message.pluralizable else message.id
        forms = message.string if message.pluralizable else (message.string,)
        assert len(forms) == (PLURAL_FORMS if message.pluralizable else 1), key
        for form in forms:
            assert form.strip(), key
            assert sorted(re.findall(r"%\(\w+\)[sd]|%%|{\w+}", form)) == sorted(
                re.findall(r"%\(\w+\)[sd]|%%|{\w+}", key)
            ), key


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "window", "banner", "preset", "day"),
    [
        ("ro", "Fereastră", ("Feminin, 64 de ani", "n. 31.08.1962"), "Plămân", "20.11.2026"),
        ("ru", "Окно", ("Женский, 64 года", "род. 31.08.1962"), "Лёгкие", "20.11.2026"),
    ],
)
def test_the_page_speaks_the_readers_language(
    client, language: str, window: str, banner: tuple[str, str], preset: str, day: str
) -> None:
    server = DicomServerFactory(last_contact_at=timezone.now())
    client.force_login(radiologist_of(server.institution))
    patient = national_patient(patient_name=make_name("Munteanu^Elena"), patient_birth_date="19620831", patient_sex="F")
    study = make_patient_study(server, patient=patient, study_date="20261120")
    answer = client.get(
        f"/viewer/{study.study_instance_uid}/?server={study.server_id}", headers={"accept-language": language}
    )
    page = " ".join(answer.content.decode().split())
    assert f'<html lang="{language}"' in page
    assert f'<span class="tool-words">{window}</span>' in page
    for words in banner:
        assert words in page
    assert f'<h2 class="viewer-rail-title">{day}</h2>' in page
    found = re.search(r'<script id="viewer-config" type="application/json">(.*?)</script>', page)
    assert found
    config = json.loads(found.group(1))
    assert config["language"] == language
    assert preset in {one["name"] for one in config["presets"]}


def test_a_name_that_an_institution_wrote_stays_as_it_is() -> None:
    with override("ro"):
        assert shown_name(CT_PRESETS[1]) == "Plămân"
        assert shown_name(Preset("1", "Print", 40, 80)) == "Print"
