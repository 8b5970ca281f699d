"""Speed and memory of nnref, in paired runs against NNCodec 2.1.3 where it is at hand.

`python -m nnref.tools.bench` measures; nothing here is a test, and no test measures time.
"""
