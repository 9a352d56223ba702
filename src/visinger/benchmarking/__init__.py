"""How fast a voice sings and a recipe trains, beside what this machine can do: `visinger bench`.

On shared machines clocks lie: everything is the least of several repeats in
CPU-seconds, and what is compared is measured in turns in one run.
"""
