"""What a person set for the viewer: keys, mouse, corners, and how studies hang."""
