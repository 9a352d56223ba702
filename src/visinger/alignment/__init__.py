"""The phoneme recogniser at work: what was sung, how often that is wrong, and where each phoneme lies."""
