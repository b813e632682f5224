"""People for tests."""

import factory
from django.utils import timezone

from portal.accounts.models import NationalIdentity, User

PASSWORD = "a long enough password"
# Valid IDNPs of nobody.
NATIONAL_IDS = ("2099031001472", "2099017002631", "2099044029184")


class UserFactory(factory.django.DjangoModelFactory):
    """A person who can sign in with PASSWORD and holds no role."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"person{number}")
    first_name = "Elena"
    last_name = factory.Sequence(lambda number: f"Pascaru{number}")
    email = factory.LazyAttribute(lambda person: f"{person.username}@nistru.example")

    @factory.post_generation
    def password(self, create, extracted, **kwargs):
        self.set_password(extracted or PASSWORD)
        if create:
            self.save(update_fields=["password"])


class NationalIdentityFactory(factory.django.DjangoModelFactory):
    """A national ID that the national identity provider asserted."""

    class Meta:
        model = NationalIdentity

    user = factory.SubFactory(UserFactory)
    issuer = "IDNP"
    national_id = NATIONAL_IDS[0]
    asserted_by = "national identity provider"
    provider = "https://id.example"
    provider_subject = factory.Sequence(lambda number: f"citizen-{number}")
    asserted_at = factory.LazyFunction(timezone.now)


class VouchedIdentityFactory(NationalIdentityFactory):
    """A national ID that an administrator set, and nobody confirmed."""

    asserted_by = "Victor Ciobanu"
    provider = ""
    provider_subject = ""
