"""Cases of every rule: one TOML file each, read by test_cases."""
