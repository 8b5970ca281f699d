"""What the suite reaches: the coverage contract.

`items` are what has to be reached: every element at its edges, every context with both bins, every
entry of the tables of the coder, every rule, every line and branch of the literal decoder.
`measure` runs the suite and finds, for each, the smallest stream that reaches it; `waivers` states
why some cannot be reached.
"""
