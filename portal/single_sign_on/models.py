"""Identity providers of institutions: which addresses they vouch for, and which roles their claims give."""

from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from portal.institutions.models import Institution


class IdentityProvider(models.Model):
    """An OpenID provider of one institution; address, client and secret are in allauth's row."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="identity_providers")
    app = models.OneToOneField(SocialApp, on_delete=models.PROTECT, related_name="identity_provider")
    role_claim = models.CharField(max_length=100, default="groups")
    """Claim of the ID token whose values are mapped to roles."""
    role_mapping = models.JSONField(default=dict)
    """Value of the claim → code of a role."""
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["institution__short_name", "pk"]

    def __str__(self) -> str:
        return str(self.app.name)

    @property
    def issuer(self) -> str:
        """Its issuer URL."""
        return str(self.app.settings.get("server_url", ""))

    @property
    def giver_name(self) -> str:
        """In whose name it gives roles; unique, so that it ends no role that somebody else gave."""
        return f"identity provider {self.app.provider_id}"


class ProviderDomain(models.Model):
    """A domain of e-mail addresses for which one provider, and no other, vouches."""

    provider = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE, related_name="domains")
    domain = models.CharField(max_length=253)

    class Meta:
        ordering = ["domain"]
        constraints = [models.UniqueConstraint(Lower("domain"), name="one_provider_per_domain")]

    def __str__(self) -> str:
        return self.domain


class AwaitedConnection(models.Model):
    """An administrator's word that a person who has an account may come by the provider from now on."""

    provider = models.ForeignKey(IdentityProvider, on_delete=models.CASCADE, related_name="awaited_connections")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    allowed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    allowed_until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "user"], name="one_awaited_connection_per_person")]

    def __str__(self) -> str:
        return f"{self.user_id} by {self.provider_id}"
