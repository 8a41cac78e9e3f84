"""From the outcomes of two runs to a verdict in words: pairing, findings, flips, sentences, caveats."""
