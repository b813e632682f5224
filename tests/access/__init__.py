"""Who reaches a study by which way: every role and every way, over real requests to a whole network."""
