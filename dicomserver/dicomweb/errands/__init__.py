"""What a person of the institution does at this server besides reading a study: by errand tokens of the portal."""
