"""Settings with which a round takes seconds on a processor, for tools that need a real trainer at work."""

TINY_ROUNDS = """
[training]
encoder = "tu-resnet10t"
recipe = "supervised"
long_side = 48
size = 32
batch = 2
steps_fast = 3
steps_full = 6
[colorization]
automatic = false
"""
