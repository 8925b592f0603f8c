"""`python -m benchmarks.choose`: which variant, which runtime, which machine, in figures.

models.py   three models, and the files of each: every variant, its batch open and fixed
rounds.py   what an invocation of each costs, by turns
machines.py what a million images cost on AWS by memory and processor, from measured speeds
page.py     the figures as tables in docs/CHOOSE.md, between marks

figures.json holds what was measured last; the page is made of it.
"""
