"""Benchmarks, each side by side with its peers in the same run: `python -m benchmarks [WHAT ...]`.

How it hangs together: `catalogue` names the benchmarks. A `plans.Benchmark` has groups of rows and contestants, ours
first. `rounds.run` lets the contestants take turns in each round: in every turn a contestant gets a fresh folder,
starts its server, measures the rows of one group, verifies that all is stored, and stops its server. `table` prints
medians, spread, ratio and target. To add a benchmark, write a `Contestant` for each side (`cstore` is an example; the
servers to start are in `servers`, sets to send in `data`, memory is made ready by `memory`) and name the benchmark in
`catalogue`.
"""
