"""What reads in benchmarks: a load of HTTP requests that hardly costs anything itself."""
