"""What a stream is: constants, syntax declarations, rules, the literal decoder, the document."""
