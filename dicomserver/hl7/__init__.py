"""Takes orders and changes of patients by HL7 version 2 over MLLP, and acknowledges what is committed."""
