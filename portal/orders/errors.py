"""Why an order cannot be placed, changed or cancelled; every error says what to do and carries a stable code."""

from django.utils.translation import gettext_lazy as _

from portal.grants.refusals import Refused


class OrderRefused(Refused):
    """What was asked for cannot be done with the order as it is."""

    code = "order_refused"
    status = 409
    words = _("This cannot be done with the order.")


class ServerNotChosen(OrderRefused):
    """The caller's institutions have several servers, or none."""

    code = "server_not_chosen"
    status = 400
    words = _("Name the DICOM Server for which the order is: there is more than one, or none.")


class OrderNumberTaken(OrderRefused):
    """Another order has the placer order number."""

    code = "order_number_taken"
    words = _("There is another order under this placer order number. Change that one, or use a new number.")


class OrderBegun(OrderRefused):
    """Work on it has begun, or is over."""

    code = "order_begun"
    words = _("Work on this order has begun, or is over. It cannot be changed any more.")


class OrderNotOurs(OrderRefused):
    """It came by HL7."""

    code = "order_came_by_hl7"
    words = _("This order came to the DICOM Server by HL7. Change it in the system that sent it.")
