"""What is filled in on the pages of orders: filters of the list, and why an order is taken back."""

from typing import Final

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.orders.lists import OrderFilters
from portal.orders.models import MAX_REASON, MIN_REASON, State

_DAY: Final = {"type": "date", "autocomplete": "off"}


class OrderFilterForm(forms.Form):
    """Which orders are looked for."""

    search = forms.CharField(required=False, max_length=200)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Any state")), *((s.value, s.label) for s in State)]
    )
    scheduled_after = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs=_DAY))
    scheduled_before = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs=_DAY))

    @property
    def filters(self) -> OrderFilters:
        """What a form that can be read asks for."""
        return OrderFilters(**self.cleaned_data)


class CancelOrderForm(forms.Form):
    """Why the order is not to be done."""

    reason = forms.CharField(
        label=_("Why it is not to be done"),
        min_length=MIN_REASON,
        max_length=MAX_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
