"""What was observed: frozen records, standard library only, no input or output."""
