"""Training: the GAN and its losses, the loop over phases, checkpoints and validation."""
