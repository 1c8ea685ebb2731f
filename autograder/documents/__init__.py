"""Documents that are kept: results, and the reading and writing of JSON, TOML and CSV."""
