"""Tells a page when its session ends, so that it can warn before."""

from typing import Any

from django import template
from django.template import Context

register = template.Library()


@register.simple_tag(takes_context=True)
def session_end(context: Context) -> Any:
    """Return the end of the session with `seconds_left`, None where nobody is signed in."""
    ends = getattr(context.get("request"), "session_end", None)
    return ends() if ends else None
