"""What sends in benchmarks: dcmtk's storescu, and a STOW-RS sender that hardly costs anything itself."""
