"""Many reports as one: what differs between machines, what is broken where, and which did not answer."""
