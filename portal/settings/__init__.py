"""Settings of the portal: base never varies, the others say where it runs."""
