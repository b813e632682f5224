"""C-ECHO to another machine (PS3.4 Annex A): whether it is there and speaks DICOM, and how soon it answers."""

import time
from typing import Final

from pynetdicom.dimse_primitives import C_ECHO

from dicomserver.scu.association import associate
from dicomserver.scu.data_sets import IMPLICIT_LITTLE
from dicomserver.scu.errors import ConnectionLost, PeerFailed
from dicomserver.scu.peers import Listener, Timeouts

VERIFICATION: Final = "1.2.840.10008.1.1"


def echo(peer: Listener, *, ae_title: str | None = None, timeouts: Timeouts | None = None) -> float:
    """Seconds from the request for an association to the answer.

    Raises PeerUnreachable, PeerRejected and PeerFailed.
    """
    begun = time.monotonic()
    contexts = [(VERIFICATION, [IMPLICIT_LITTLE])]
    with associate(peer, contexts, ae_title=ae_title, timeouts=timeouts) as connection:
        request = C_ECHO()
        request.MessageID = connection.next_message_id()
        request.AffectedSOPClassUID = VERIFICATION
        connection.send(request, connection.accepted[0].context_id)
        _, answer = connection.receive()
        if not isinstance(answer, C_ECHO) or answer.Status is None:
            raise ConnectionLost("The machine answered something else.")
        if answer.Status:
            raise PeerFailed(answer.Status)
        return time.monotonic() - begun
