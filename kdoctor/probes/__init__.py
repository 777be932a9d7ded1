"""One module per fact section: `probe(host, ...)` measures it and changes nothing."""
