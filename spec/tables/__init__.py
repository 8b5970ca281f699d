"""Constants, enumerations, clause numbers and rules: the only things all packages share."""
