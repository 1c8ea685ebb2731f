"""In the place of a package that notebooks' tools import where it is there, to look at IRIs.

It takes most of a tool's start: it compiles a grammar. No notebook here holds an IRI.
"""

raise ImportError("left out in tests")
