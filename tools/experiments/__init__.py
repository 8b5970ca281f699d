"""Experiments on trained networks: what a method gains where, with every point kept."""
