"""Window presets of CT: those of an institution, or those that every institution begins with."""
