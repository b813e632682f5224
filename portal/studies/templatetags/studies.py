"""Makes the presentation of patients and studies available to templates."""

from django import template

from portal.studies import display
from portal.studies.models import Study
from portal.studies.presentation import ShownStudy, shown_study

register = template.Library()


@register.simple_tag
def shown(study: Study) -> ShownStudy:
    """Return the holding as pages write it: `{% shown study as s %}`."""
    return shown_study(study)


register.filter("thousands", display.number)
register.filter("bytes_text", display.bytes_text)
register.filter("staff_name", display.staff_name)
register.filter("dense_date", display.dense_date)
