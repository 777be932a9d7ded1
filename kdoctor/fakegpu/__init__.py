"""A simulated NVIDIA driver: C sources of the two libraries, and which state makes them answer as a machine would.

``kdoctor.host.fake_driver`` compiles the sources and puts the result before a command. The libraries answer questions
only: nothing can be computed with them.
"""
