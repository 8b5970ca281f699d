"""The demonstration: its network, its data and its run."""
