"""What the pages say is what kdoctor does."""
