"""Genuine TensorFlow wheels as the judge of what kdoctor predicts."""
