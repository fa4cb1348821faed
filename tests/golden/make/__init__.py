"""What makes the committed golden cases: seeded scenes, and the official programs that judge them.

`python -m tests.golden.make` writes the scenes; README.md beside it says how the judgements are recorded.
"""
