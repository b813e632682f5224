"""What the benchmarks send and read, made by the project's own generator."""

from benchmarks.data.sets import BenchmarkSet, StudyFiles, benchmark_set

__all__ = ["BenchmarkSet", "StudyFiles", "benchmark_set"]
