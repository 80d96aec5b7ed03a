"""How far it reaches: a model of needs from measured constants, and a simulation of a peak minute.

``python -m benchmarks.capacity --help``; what comes of it is told in ``docs/explanation/scale.md``.
"""
