"""Many machines at once, from reports of machines under tests/machines with faults planted in them."""
