"""From a request to the model and back: predict, classify, regress."""
