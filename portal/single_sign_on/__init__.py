"""Identity providers of institutions: whom they vouch for, and which roles their claims give."""
