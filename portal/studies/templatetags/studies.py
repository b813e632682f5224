"""Makes the presentation of patients and studies available to templates."""

from datetime import date

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from portal.studies import display
from portal.studies.display import NameParts
from portal.studies.models import Series, Study
from portal.studies.presentation import ShownStudy, has_pictures, series_for_picture, shown_study

register = template.Library()


@register.simple_tag
def shown(study: Study) -> ShownStudy:
    """Return the holding as pages write it: `{% shown study as s %}`."""
    return shown_study(study)


@register.simple_tag
def picture_series(study: Study) -> Series | None:
    """Return the series whose picture stands for the study; no query where the series were fetched."""
    return series_for_picture(study.series.all())


@register.simple_tag
def person_name(name: NameParts) -> SafeString:
    """Return a name within a sentence: no space comes between it and the comma that follows."""
    return mark_safe(render_to_string("components/person_name.html", {"name": name}).strip())  # noqa: S308 (a template escaped it)


@register.filter
def prose_date(day: date | None) -> str:
    """Return a date for running text; "" for none, so that a default can be said instead."""
    return display.prose_date(day) if day else ""


register.filter("has_pictures", has_pictures)
register.filter("thousands", display.number)
register.filter("bytes_text", display.bytes_text)
register.filter("staff_name", display.staff_name)
register.filter("dense_date", display.dense_date)
