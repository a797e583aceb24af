"""What is true without a computer: pure functions and frozen models. I/O, clock and random are arguments."""
