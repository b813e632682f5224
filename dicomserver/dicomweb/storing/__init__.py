"""STOW-RS (PS3.18 10.5): instances that come by HTTP go from the socket into the archive, each with its own result."""
