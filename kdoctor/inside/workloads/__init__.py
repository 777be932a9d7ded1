"""Small models that children train, one file each; they import nothing of kdoctor."""
