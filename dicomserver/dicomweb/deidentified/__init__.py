"""De-identified answers: what a token with a sealed part reads is cleaned on its way out (PS3.15 Annex E)."""
