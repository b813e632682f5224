"""A DICOM Server whose processes are killed all the time while senders send: what it acknowledged must be there."""
