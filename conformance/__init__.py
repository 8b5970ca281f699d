"""What shows that codecs agree: random streams, and the run against an independent codec."""
