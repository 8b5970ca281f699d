"""What talks to a person: the command line, trace and assembly, the demo, benchmarks."""
