"""Decides before an association whether its requestor may come in, and what is accepted of all that it asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pynetdicom.presentation import PresentationContext

from dicomserver.access.callers import Caller, Refused, admission
from dicomserver.access.models import Service as Named
from dicomserver.scp.calling import CallingPeer
from dicomserver.scp.contexts import DATA_SET_TRANSFER_SYNTAXES, TRANSFER_SYNTAXES, VERIFICATION
from dicomserver.scp.serving import Service

# PS3.8 9.3.4: result, source, reason of an A-ASSOCIATE-RJ.
REJECTIONS: Final = {
    Refused.CALLING: (0x01, 0x01, 0x03),
    Refused.CALLED: (0x01, 0x01, 0x07),
    # Transient, temporary congestion: when the peers can be read again, the caller may be one.
    Refused.UNKNOWN: (0x02, 0x03, 0x01),
}
# PS3.4 Table B.3-1: all attributes are kept (level 2), digital signatures too, bit by bit; nothing is coerced.
STORAGE_EXTENDED: Final = bytes([2, 0, 3, 0, 0, 0])

# PS3.7 D.3.3.4: whether the requestor wants to be SCU, and SCP.
Roles = tuple[bool, bool]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a server accepts from whom; `own_ae_title` None: whatever title it is called by."""

    storage: frozenset[str]
    services: Mapping[str, Service]
    own_ae_title: str | None
    allowed_calling_ae_titles: tuple[str, ...] = ()

    def admit(self, caller: Caller) -> CallingPeer | Refused:
        """The caller with the services that it gets, or why it does not come in."""
        services = admission(
            caller, allowed_calling_ae_titles=self.allowed_calling_ae_titles, own_ae_title=self.own_ae_title
        )
        if isinstance(services, Refused):
            return services
        return CallingPeer(
            calling_ae_title=caller.calling_ae_title,
            called_ae_title=caller.called_ae_title,
            address=caller.address,
            certificate_sha256=caller.certificate_sha256,
            services=services,
        )

    def contexts(
        self, requested: Iterable[PresentationContext], peer: CallingPeer, roles: Mapping[str, Roles]
    ) -> list[PresentationContext]:
        """The contexts to accept of those requested, the transfer syntaxes in the requestor's order.

        Where a context offers several, the requestor's first is what it has the bytes in; taking another would make it
        convert. Made for each association from what it asks, which is far less than all that would be accepted.
        """
        syntaxes: dict[str, dict[str, None]] = {}
        for context in requested:
            uid = str(context.abstract_syntax)
            acceptable = TRANSFER_SYNTAXES if self._is_storage(uid) else DATA_SET_TRANSFER_SYNTAXES
            offered = dict.fromkeys(str(syntax) for syntax in context.transfer_syntax if str(syntax) in acceptable)
            syntaxes.setdefault(uid, {}).update(offered)
        contexts = (self._context(uid, list(offered), peer, roles.get(uid)) for uid, offered in syntaxes.items())
        return [context for context in contexts if context is not None]

    def extended(self, requested: Mapping[str, bytes], peer: CallingPeer) -> dict[str, bytes]:
        """What is answered to SOP Class Extended Negotiation: each byte what both can, nothing that was not asked."""
        answers = {}
        for uid, asked in requested.items():
            service = self.services.get(uid)
            if service is not None and service.name in peer.services and service.extended:
                answers[uid] = bytes(min(pair) for pair in zip(asked, service.extended, strict=False))
            elif uid in self.storage and Named.STORE in peer.services:
                answers[uid] = STORAGE_EXTENDED[: len(asked)]
        return {uid: answer for uid, answer in answers.items() if answer}

    def _is_storage(self, uid: str) -> bool:
        return uid in self.storage or uid == VERIFICATION

    def _context(
        self, uid: str, syntaxes: list[str], peer: CallingPeer, wanted: Roles | None
    ) -> PresentationContext | None:
        """The context to accept, with the roles that the peer may have; None where it may have none."""
        may_be = self._roles(uid, peer)
        if uid != VERIFICATION and not (may_be[0] if wanted is None else any(may_be)):
            return None
        context = PresentationContext()
        context.abstract_syntax = uid
        context.transfer_syntax = [*syntaxes]
        if wanted is not None and uid != VERIFICATION:
            context.scu_role, context.scp_role = may_be
        return context

    def _roles(self, uid: str, peer: CallingPeer) -> Roles:
        """Whether the peer may be SCU, and SCP, of the class. Who retrieves by C-GET is SCP of what it is sent."""
        service = self.services.get(uid)
        if service is not None:
            may = service.name in peer.services
            return may and service.as_scp, may and service.as_scu
        if uid in self.storage:
            return Named.STORE in peer.services, Named.RETRIEVE in peer.services
        return False, False
