"""Exported models: the SavedModel with its signatures, and TensorFlow Lite."""
