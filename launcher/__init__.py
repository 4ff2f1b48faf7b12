"""What `./run` does, on nothing but Python's standard library: the requirements may not be installed yet."""
