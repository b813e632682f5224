"""Identity providers for tests."""

from typing import Any

from audit.actors import SystemActor
from portal.institutions.models import Institution
from portal.single_sign_on.models import IdentityProvider
from portal.single_sign_on.services import ProviderTerms, set_up_provider


def make_provider(institution: Institution, **changed: Any) -> IdentityProvider:
    """A provider that vouches for nistru.example and makes its group "radiology" radiologists."""
    terms: dict[str, Any] = {
        "name": "Nistru Clinical",
        "issuer": "https://sso.nistru.example",
        "client_id": "dicom-network",
        "client_secret": "a-client-secret-of-tests-of-some-length",
        "domains": ("nistru.example",),
        "role_mapping": {"radiology": "radiologist", "clinic": "referring_doctor"},
    }
    return set_up_provider(
        actor=SystemActor("tests"), institution=institution, terms=ProviderTerms(**{**terms, **changed})
    )
