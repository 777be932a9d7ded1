"""Reports as one HTML file each: no network, no script, light and dark, readable on a telephone and on paper."""
