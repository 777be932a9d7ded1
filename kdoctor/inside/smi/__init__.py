"""What the stand-in for nvidia-smi knows and prints; nvidia_smi.py beside this folder imports it."""
