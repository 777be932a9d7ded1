"""What each command does once its options are read: the only place that picks a Host."""
