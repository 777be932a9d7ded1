"""An environment as a file for others to build from: one module for each format, all made from one `Pinned`."""
