"""Whoever a request comes from: a person, or nobody."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from portal.accounts.models import User

Anyone = User | AnonymousUser | AbstractBaseUser
