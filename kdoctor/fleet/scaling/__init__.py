"""Workers that train together: where a step's time goes, and what that means."""
