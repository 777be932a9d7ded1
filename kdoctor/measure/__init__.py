"""What series of measurements say: statistics, the knee of a curve, how a loss of scaling splits."""
