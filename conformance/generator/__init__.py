"""How the conformance suite is made: descriptions in, streams, sheets and expected tensors out.

`families` describes the cases; `building` and `encoder` make streams of descriptions;
`expectation` decodes them with the literal decoder; `writing` puts all of it into a folder.
The bytes depend on Python integers alone.
"""
